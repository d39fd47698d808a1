"""A dossier named at sign-in: with it a portal reads the form after the session, without it it does not."""

import json
from collections.abc import Iterator

import httpx2
import pytest

from tests.journeys.clerk import Clerk

DOSSIER = "000.00.15.H56-261127-0001"
FORM = {"type": "prefill", "procedure": "1.004222", "dossier": DOSSIER}


@pytest.fixture
def browser() -> Iterator[httpx2.Client]:
    with httpx2.Client(trust_env=False) as opened:
        yield opened


OFFLINE = {"scope": "openid offline_access", "prompt": "consent"}


def test_a_named_dossier_is_read_after_the_session_and_no_other(stack, browser):
    clerk = Clerk(stack, browser)
    tokens = clerk.sign_in(**OFFLINE, authorization_details=json.dumps([FORM]))
    assert tokens["authorization_details"] == [FORM]
    status, form = clerk.prefill(tokens)
    assert (status, form["dossier"]) == (200, DOSSIER)
    before = len(stack.events())
    clerk.sign_out(tokens)
    later = clerk.refresh(tokens)
    assert later["authorization_details"] == [FORM]
    status, form = clerk.prefill(later, dossier=DOSSIER)
    assert (status, form["dossier"]) == (200, DOSSIER)
    assert form["fields"]["applicant.full_name"]["value"] == "TRẦN THỊ BƯỞI"
    assert [event["dossier"] for event in stack.events_after(before, "FormReleased")] == [DOSSIER]
    status, refused = clerk.prefill(later, dossier="another")
    assert (status, refused["code"]) == (403, "PF-106")


def test_a_form_without_a_dossier_ends_with_the_session(stack, browser):
    clerk = Clerk(stack, browser)
    nameless = {name: FORM[name] for name in ("type", "procedure")}
    tokens = clerk.sign_in(**OFFLINE, authorization_details=json.dumps([nameless]))
    assert clerk.prefill(tokens)[0] == 200
    clerk.sign_out(tokens)
    status, refused = clerk.prefill(clerk.refresh(tokens))
    assert (status, refused["code"]) == (403, "PF-104")
