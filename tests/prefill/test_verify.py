"""A submitted form against its manifest: nothing changed passes, nothing harmless is accused, nothing is guessed."""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.prefill.failure import EvidenceNotStored, VerifyThrottled
from gateway.prefill.house import Figures
from gateway.prefill.manifest import verify_manifest
from gateway.vocabulary.provenance import Refused
from tests.prefill.broken_store import break_store
from tests.prefill.lab import CODE, ISSUER, Lab, open_lab, values_of
from tests.prefill.mutations import GUILTY, run_mutations

pytestmark = pytest.mark.anyio


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    async with open_lab(tmp_path) as opened:
        yield opened


async def test_five_hundred_mutations_are_caught_and_as_many_harmless_forms_are_not_accused(lab: Lab) -> None:
    seed = int.from_bytes(os.urandom(4), "big")
    caught = await run_mutations(lab, 500, seed)
    assert sum(caught.values()) >= 500
    assert {mutate.__name__ for mutate in GUILTY} <= caught.keys()


async def test_a_form_as_it_was_given_is_intact(lab: Lab) -> None:
    bearer = await lab.sign_in(7)
    form = await lab.fill(bearer)
    answer = await lab.verify(bearer, form["manifest"], values_of(form))
    assert (answer["manifest"], answer["rule"], answer["missing"]) == ("valid", None, [])
    assert set(answer["fields"].values()) == {"intact"}
    assert (answer["procedure"], answer["form"]) == (CODE, form["id"])


async def test_fields_nobody_vouched_for_are_unknown_and_withheld_ones_say_so(lab: Lab) -> None:
    bearer = await lab.sign_in(1, portal_attributes=frozenset({"full_name", "sex"}))
    form = await lab.fill(bearer)
    values = {"request.content": "Xin đăng ký", "applicant.personal_number": "999041000001", "not.a.field": "x"}
    answer = await lab.verify(bearer, form["manifest"], values)
    assert answer["fields"] == {
        "request.content": "unknown",
        "applicant.personal_number": "withheld",
        "not.a.field": "unknown",
    }
    assert set(answer["missing"]) == {"applicant.full_name", "applicant.sex"}


async def test_hidden_and_empty_fields_are_not_accused_and_emptied_ones_are(lab: Lab) -> None:
    lab.sources.trouble["population"] = Refused("bad_request")
    bearer = await lab.sign_in(1)
    empty = await lab.fill(bearer)
    answer = await lab.verify(bearer, empty["manifest"], {"applicant.full_name": "Hoàng Văn Sỹ"})
    assert answer["fields"] == {"applicant.full_name": "unknown"}
    lab.sources.trouble.clear()
    form = await lab.fill(await lab.sign_in(2))
    for emptied in ("", None, [], {}):
        answer = await lab.verify(bearer, form["manifest"], {"applicant.full_name": emptied})
        assert answer["fields"] == {"applicant.full_name": "changed"}


async def test_a_value_cannot_be_guessed_from_the_manifest(lab: Lab) -> None:
    bearer = await lab.sign_in(1)
    first, second = await lab.fill(bearer), await lab.fill(bearer)
    claims = [lab.keys.candidates and _claims(form["manifest"]) for form in (first, second)]
    tags = [one["fields"]["applicant.full_name"]["tag"] for one in claims]
    assert tags[0] != tags[1]
    for value in ("HOÀNG", "999041000001", "1941"):
        assert value not in str(claims[0])
    assert {"iss", "aud", "jti", "iat", "exp", "procedure", "form_version", "fields"} <= claims[0].keys()
    assert claims[0]["aud"] == "portal-a"
    assert {"source", "as_of", "rule", "tag"} <= claims[0]["fields"]["applicant.full_name"].keys()


def _claims(manifest: str) -> dict[str, Any]:
    import base64
    import json

    body = manifest.split(".")[1]
    read: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return read


async def test_another_portal_needs_to_be_named_as_verifier(lab: Lab) -> None:
    form = await lab.fill(await lab.sign_in(1))
    values = values_of(form)
    stranger = replace(lab.bearer(1), client_id="portal-b", citizen=None, grant_id=None)
    answer = await lab.verify(stranger, form["manifest"], values)
    assert (answer["manifest"], answer["rule"], answer["procedure"]) == ("foreign", "aud", None)
    assert set(answer["fields"].values()) == {"unknown"}
    desk = replace(stranger, verifies=frozenset({"portal-a"}))
    assert set((await lab.verify(desk, form["manifest"], values))["fields"].values()) == {"intact"}


@pytest.mark.parametrize("claim", ["procedure", "dossier", "form", "sub"])
async def test_what_is_expected_has_to_be_said(lab: Lab, claim: str) -> None:
    bearer = await lab.sign_in(1)
    form = await lab.fill(bearer)
    answer = await lab.verify(bearer, form["manifest"], values_of(form), **{claim: "another"})
    assert (answer["manifest"], answer["rule"]) == ("foreign", claim)


async def test_expired_tampered_foreign_gateway_and_nonsense(lab: Lab) -> None:
    bearer = await lab.sign_in(1)
    manifest = (await lab.fill(bearer))["manifest"]
    values = {"applicant.full_name": "HOÀNG VĂN SỸ"}
    for nonsense in ("x", "a.b.c", manifest[:-2] + "AA", manifest.rpartition(".")[0] + "."):
        assert (await lab.verify(bearer, nonsense, values))["manifest"] == "invalid"
    id_token = lab.keys.sign({"iss": ISSUER, "aud": "portal-a", "jti": "x", "iat": 1, "exp": 9**10}, typ="JWT")
    assert (await lab.verify(bearer, id_token, values))["rule"] == "typ"
    lab.house.figures = Figures(issuer="https://other.example")
    assert (await lab.verify(bearer, manifest, values))["rule"] == "iss"
    lab.house.figures = Figures(issuer=ISSUER)
    lab.clock.move(timedelta(days=30))
    answer = await lab.verify(bearer, manifest, values)
    assert (answer["manifest"], answer["fields"]) == ("expired", {"applicant.full_name": "unknown"})


async def test_an_erasure_makes_a_manifest_mute(lab: Lab) -> None:
    bearer = await lab.sign_in(1)
    form = await lab.fill(bearer)
    await lab.storage.keys.erase("citizen-1")
    answer = await lab.verify(bearer, form["manifest"], values_of(form))
    assert (answer["manifest"], answer["rule"]) == ("invalid", "key")
    assert set(answer["fields"].values()) == {"unknown"}


async def test_twenty_changed_answers_and_no_more_even_in_parallel(lab: Lab) -> None:
    bearer = await lab.sign_in(1)
    manifest = (await lab.fill(bearer))["manifest"]

    async def guess(number: int) -> str:
        try:
            answer = await lab.verify(bearer, manifest, {"applicant.personal_number": f"9990410000{number:02d}"})
        except VerifyThrottled as throttled:
            return "throttled" if throttled.http_status == 429 and throttled.retry_after else "wrong"
        return str(answer["fields"]["applicant.personal_number"])

    answers = await asyncio.gather(*(guess(number) for number in range(2, 42)))
    assert answers.count("changed") == 20
    assert answers.count("throttled") == 20
    assert await guess(1) == "throttled"
    fresh = (await lab.fill(bearer))["manifest"]
    good = await lab.verify(bearer, fresh, {"applicant.personal_number": "999041000001"})
    assert good["fields"] == {"applicant.personal_number": "intact"}


async def test_intact_answers_are_not_counted(lab: Lab) -> None:
    bearer = await lab.sign_in(1)
    form = await lab.fill(bearer)
    for _ in range(25):
        answer = await lab.verify(bearer, form["manifest"], values_of(form))
        assert answer["manifest"] == "valid"


async def test_each_verification_is_an_event_without_a_value(lab: Lab) -> None:
    bearer = await lab.sign_in(1)
    form = await lab.fill(bearer)
    answer = await lab.verify(bearer, form["manifest"], {"applicant.full_name": "Ai Đó", "Trần Thị Bưởi": "x"})
    await lab.verify(bearer, "nonsense", {})
    *_, changed, invalid = await lab.events()
    assert (changed["event"], changed["outcome"], changed["receipt"]) == ("FormVerified", "changed", answer["receipt"])
    assert changed["fields"] == {"applicant.full_name": "changed"}
    assert (invalid["outcome"], invalid["rule"]) == ("invalid", "form")
    assert "Ai Đó" not in str(changed)
    assert "Bưởi" not in str(changed)


async def test_without_evidence_nothing_is_compared(lab: Lab) -> None:
    bearer = await lab.sign_in(1)
    form = await lab.fill(bearer)
    break_store(lab, healthy=0)
    with pytest.raises(EvidenceNotStored):
        await lab.verify(bearer, form["manifest"], values_of(form))


async def test_the_pure_check_names_the_failed_rule(lab: Lab) -> None:
    manifest = (await lab.fill(await lab.sign_in(1)))["manifest"]
    jwks, now = lab.keys.jwks(), lab.clock.now()
    assert verify_manifest(manifest, jwks, now=now) == (True, None)
    assert verify_manifest(manifest, jwks, now=now, audience="portal-a") == (True, None)
    assert verify_manifest(manifest, jwks, now=now, audience="portal-b") == (False, "aud")
    assert verify_manifest(manifest, jwks, now=now + timedelta(days=31)) == (False, "exp")
    assert verify_manifest(manifest, {"keys": []}, now=now) == (False, "kid")
    assert verify_manifest(manifest, {}, now=now) == (False, "jwks:form")
    assert verify_manifest("x.y", jwks, now=now) == (False, "form")
