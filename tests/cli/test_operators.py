"""Who did it: verbs in production and development, the sign-in file, approvals by two people and by nobody else."""

import asyncio
import os
import stat
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.cli import acts
from gateway.cli.connection import opened_storage, settings_of
from gateway.cli.login_file import Login, forget_login, keep_login, login_path, read_login
from gateway.cli.operating import Operating, operating
from gateway.staff.approval import OPEN_FOR, approval_of, approval_record
from gateway.staff.failure import ApprovalDecided
from gateway.staff.roles import Operator
from gateway.tokens.issue import parse
from gateway.vocabulary.clock import SystemClock
from gateway.vocabulary.store import Kind, Put, Revoke
from tests.cli.conftest import ISSUER, Run
from tests.cli.staff_login import Staff

ADD = ("portal", "add", "mine", "--redirect-uri", "https://mine.example/cb")


def events() -> list[dict[str, Any]]:
    async def read() -> list[dict[str, Any]]:
        async with opened_storage(settings_of(None, None, None)) as storage:
            return [orjson.loads(event.leaf) for event in await storage.journal.pending(1000)]

    return asyncio.run(read())


def old_key(run: Run) -> str:
    """Make a key that verifies and signs no more."""
    known = {key["kid"] for key in run("key", "list", "--json")[1]["keys"] if key["alg"] == "ES256"}
    assert run("key", "rotate", "--force")[0] == 0
    listed = run("key", "list", "--json")[1]["keys"]
    if not any(key["state"] == "retiring" for key in listed):
        assert run("key", "rotate", "--force")[0] == 0
        listed = run("key", "list", "--json")[1]["keys"]
    (kid,) = [key["kid"] for key in listed if key["state"] == "retiring" and key["kid"] in known]
    return str(kid)


def test_in_production_nobody_changes_anything_without_signing_in(staff: Staff, run: Run) -> None:
    for verb in (("key", "rotate"), ADD, ("portal", "change", "mine"), ("approval", "approve", "ap_x"), ("whoami",)):
        code, out, said = run(*verb)
        assert (code, out) in {(5, ""), (4, "")}, verb
        if verb[1:2] != ("change",):
            assert "GW-2401" in said
            assert "gate06 login" in said
    assert run("key", "list")[0] == 0, "looking is no change"
    assert events() == []


def test_on_a_developer_s_machine_the_user_is_the_operator_and_alone(
    staff: Staff, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATE06_PROFILE", "dev")
    me = f"local:{os.getuid()}"
    assert run("whoami", "--json")[1]["reference"] == me
    kid = old_key(run)
    assert run("key", "retire", kid, "--force")[0] == 0
    assert run(*ADD)[0] == 0
    told = events()
    assert {event["actor"]["ref"] for event in told} == {me}
    assert [event["verb"] for event in told][-2:] == ["key.retire", "portal.add"]
    assert not any("second" in event for event in told)


def test_signing_out_makes_nobody_a_second_person(staff: Staff, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a developer's gateway the machine's user acts when nobody is signed in, and may be who asked a moment ago."""
    monkeypatch.setenv("GATE06_PROFILE", "dev")
    staff.sign_in("quan", "registration_officer")
    code, added, _ = run(*ADD, "--reason", "theo công văn 12", "--json")
    assert code == 8
    approval = added["approval"]["id"]
    forget_login(ISSUER)
    assert run("whoami", "--json")[1]["reference"] == f"local:{os.getuid()}"
    for decision in (("approve",), ("reject", "--reason", "x")):
        refused, out, said = run("approval", decision[0], approval, *decision[1:])
        assert (refused, out) == (5, "")
        assert "GW-2401" in said
        assert "gate06 login" in said
    assert "mine" not in run("portal", "list")[1]
    told = [(event["event"], event["actor"]["ref"], event["outcome"]) for event in events()]
    assert told[1:] == [("ApprovalRefused", f"local:{os.getuid()}", "GW-2401")] * 2
    staff.sign_in("nhung", "registration_officer")
    assert run("approval", "approve", approval)[0] == 0, "it still waits for somebody with a name"
    assert "mine" in run("portal", "list")[1]


def test_every_act_names_who_and_in_which_role_in_its_own_commit(staff: Staff, run: Run) -> None:
    staff.sign_in("hoa", "security_officer")
    code, fresh, _ = run("key", "rotate", "--json")
    assert code == 0
    (told,) = events()
    assert told["event"] == "OperatorActed"
    assert told["actor"] == {"kind": "operator", "ref": "staff:id-hoa"}
    assert (told["verb"], told["object"], told["role"]) == ("key.rotate", "ES256", "security_officer")
    assert run("key", "rotate")[0] == 5, "too early"
    assert len(events()) == 1, "what was not done is not told"
    assert fresh["state"] == "next"


def test_a_role_is_asked_for_and_named(staff: Staff, run: Run) -> None:
    staff.sign_in("oanh", "auditor", "observer", "desk_officer")
    for verb in (("key", "rotate"), ADD):
        code, out, said = run(*verb)
        assert (code, out) == (5, "")
        assert "GW-2403" in said
        assert "auditor" in said
    assert events() == []


def test_two_people_add_a_portal_and_one_does_not(staff: Staff, run: Run) -> None:
    staff.sign_in("quan", "registration_officer")
    assert run(*ADD)[0] == 5, "a reason is needed"
    code, added, said = run(*ADD, "--reason", "theo công văn 12", "--json")
    assert code == 8
    approval = added["approval"]["id"]
    assert f"gate06 approval approve {approval}" in said
    assert "GW-2416: `portal.add mine`" in said
    assert "mine" not in run("portal", "list")[1]
    assert run("approval", "approve", approval)[0] == 5, "never the requester"
    staff.sign_in("quan again", "registration_officer", "security_officer", staff_id="id-quan")
    assert run("approval", "approve", approval)[0] == 5, "nor the same person by another account"
    staff.sign_in("thang", "system_admin", "service_admin")
    assert run("approval", "approve", approval)[0] == 5, "nor without the role"
    assert "mine" not in run("portal", "list")[1]
    staff.sign_in("nhung", "registration_officer")
    (waiting,) = run("approval", "list", "--json")[1]["approvals"]
    assert (waiting["state"], waiting["asked_name"], waiting["reason"]) == ("waiting", "quan", "theo công văn 12")
    shown = run("approval", "show", approval)[1]
    assert "https://mine.example/cb" in shown
    assert "client_secret_sha256" in shown
    assert added["client_secret"] not in shown
    assert run("approval", "approve", approval)[0] == 0
    assert "mine" in run("portal", "list")[1]
    assert run("approval", "list", "--json")[1]["approvals"] == []
    assert run("approval", "approve", approval)[0] == 8, "decided once"
    assert run("approval", "reject", approval, "--reason", "x")[0] == 8
    told = [(event["event"], event["actor"]["ref"]) for event in events()]
    assert told == [
        ("ApprovalAsked", "staff:id-quan"),
        ("ApprovalRefused", "staff:id-quan"),
        ("ApprovalRefused", "staff:id-quan"),
        ("ApprovalRefused", "staff:id-thang"),
        ("ApprovalGiven", "staff:id-nhung"),
        ("OperatorActed", "staff:id-quan"),
        ("ApprovalRefused", "staff:id-nhung"),
        ("ApprovalRefused", "staff:id-nhung"),
    ]
    done = next(event for event in events() if event["event"] == "OperatorActed")
    assert (done["approval"], done["second"]) == (approval, "staff:id-nhung")
    assert not any("công văn" in str(event) for event in events()), "a reason is words of a person: it stays sealed"


def test_a_key_that_still_verifies_is_retired_by_two(staff: Staff, run: Run) -> None:
    staff.sign_in("pan", "security_officer", "system_admin")
    kid = old_key(run)
    assert run("key", "retire", kid)[0] == 5, "before its time it wants --force"
    code, asked, _ = run("key", "retire", kid, "--force", "--reason", "lộ khóa", "--json")
    assert (code, asked["verb"], asked["object"]) == (8, "key.retire", kid)
    staff.sign_in("thang", "system_admin")
    assert run("approval", "approve", asked["id"])[0] == 5, "a system administrator asks, and does not agree"
    staff.sign_in("hoa", "security_officer")
    assert run("approval", "approve", asked["id"], "--reason", "đã kiểm tra")[0] == 0
    state = {key["kid"]: key["state"] for key in run("key", "list", "--json")[1]["keys"]}
    assert state[kid] == "retired"
    assert run("key", "retire", kid, "--json")[0] == 0, "again changes nothing and needs nobody"


def test_a_rejection_wants_a_reason_and_does_nothing(staff: Staff, run: Run) -> None:
    staff.sign_in("quan", "registration_officer")
    approval = run(*ADD, "--reason", "thử", "--json")[1]["approval"]["id"]
    staff.sign_in("nhung", "registration_officer")
    assert run("approval", "reject", approval)[0] == 2
    assert run("approval", "reject", approval, "--reason", "  ")[0] == 5
    code, rejected, _ = run("approval", "reject", approval, "--reason", "địa chỉ chưa đúng", "--json")
    assert (code, rejected["state"], rejected["answer"]) == (0, "rejected", "địa chỉ chưa đúng")
    assert "mine" not in run("portal", "list")[1]
    assert run("approval", "approve", approval)[0] == 8
    assert run("approval", "approve", "ap_nothing")[0] == 4
    names = [event["event"] for event in events()]
    assert "ApprovalRejected" in names
    assert "OperatorActed" not in names


def test_a_portal_is_changed_by_two_and_only_from_what_both_saw(staff: Staff, run: Run) -> None:
    staff.sign_in("quan", "registration_officer")
    first = run(*ADD, "--reason", "mới", "--json")[1]["approval"]["id"]
    staff.sign_in("nhung", "registration_officer")
    assert run("approval", "approve", first)[0] == 0
    change = ("portal", "change", "mine", "--redirect-uri", "https://mine.example/other", "--json")
    one = run(*change, "--reason", "đổi địa chỉ")[1]
    two = run(*change, "--name", "Mine", "--new-secret", "--reason", "đổi tên")[1]
    assert ("client_secret" in one, "client_secret" in two) == (False, True)
    staff.sign_in("quan", "registration_officer")
    assert run("approval", "approve", two["approval"]["id"])[0] == 0
    code, _, said = run("approval", "approve", one["approval"]["id"])
    assert (code, "GW-9108" in said) == (8, True)
    (portal,) = run("portal", "list", "--json")[1]["portals"]
    assert portal["redirect_uris"] == ["https://mine.example/other"]
    assert portal["name"]["vi"] == "Mine"
    assert run("portal", "change", "nobody", "--reason", "x")[0] == 4
    assert run("portal", "change", "mine", "--procedure", "9.999999", "--reason", "x")[0] == 3


def test_of_two_approvers_at_once_one_is_heard(staff: Staff, run: Run) -> None:
    for number in range(5):
        staff.sign_in("quan", "registration_officer")
        name = f"portal-{number}"
        approval = run("portal", "add", name, *ADD[3:], "--reason", "thử", "--json")[1]["approval"]["id"]
        outcomes = asyncio.run(decide_at_once(staff, approval))
        assert sorted(outcomes) == ["ApprovalDecided", "approved"] or sorted(outcomes) == [
            "ApprovalDecided",
            "rejected",
        ]
        there = name in run("portal", "list")[1]
        assert there == ("approved" in outcomes)
        acted = [event for event in events() if event["event"] == "OperatorActed" and event["approval"] == approval]
        assert len(acted) == there


async def decide_at_once(staff: Staff, approval: str) -> list[str]:
    """Two people at two openings of the store decide at the same moment, one for and one against."""

    async def one(agree: bool) -> str:
        async with operating(settings_of(None, None, None)) as desk:
            mine = Operating(
                settings=desk.settings,
                storage=desk.storage,
                operator=_other(desk, "hoa" if agree else "nhung"),
                evidence=desk.evidence,
                clock=desk.clock,
            )
            try:
                if agree:
                    return (await acts.approve(mine, approval, "")).state
                return (await acts.reject(mine, approval, "không")).state
            except ApprovalDecided:
                return "ApprovalDecided"

    return list(await asyncio.gather(one(True), one(False)))


def _other(desk: Operating, name: str) -> Operator:
    return Operator(reference=f"staff:id-{name}", name=name, roles=("security_officer", "registration_officer"))


def test_what_nobody_decided_in_time_expires_with_evidence(staff: Staff, run: Run) -> None:
    staff.sign_in("quan", "registration_officer")
    asked = [run("portal", "add", name, *ADD[3:], "--reason", "thử", "--json")[1]["approval"]["id"] for name in "ab"]
    asyncio.run(age(OPEN_FOR + timedelta(seconds=1)))
    staff.sign_in("nhung", "registration_officer")
    code, _, said = run("approval", "approve", asked[0])
    assert (code, "GW-2414" in said) == (8, True)
    assert run("approval", "list", "--json")[1]["approvals"] == []
    states = {one["id"]: one["state"] for one in run("approval", "list", "--all", "--json")[1]["approvals"]}
    assert states == dict.fromkeys(asked, "expired")
    assert run("approval", "approve", asked[1])[0] == 8
    lapsed = [event for event in events() if event["event"] == "ApprovalLapsed"]
    assert sorted(event["approval"] for event in lapsed) == sorted(asked)
    assert {event["actor"]["kind"] for event in lapsed} == {"gateway"}


async def age(by: timedelta) -> None:
    """Make every request older."""
    async with opened_storage(settings_of(None, None, None)) as storage:
        for record in await storage.store.select(Kind.APPROVAL):
            one = approval_of(record)
            older = replace(one, asked_at=one.asked_at - by, ends_at=one.ends_at - by)
            await storage.store.commit([Put(approval_record(older))], now=one.asked_at)


@pytest.mark.parametrize("lost", ["ended", "scope", "revoked", "citizen", "garbage"])
def test_a_token_that_is_not_good_opens_no_verb(staff: Staff, run: Run, lost: str) -> None:
    match lost:
        case "ended":
            staff.sign_in("hoa", "security_officer", lasts_for=timedelta(seconds=-1))
        case "scope":
            staff.sign_in("hoa", "security_officer", scopes=("openid", "profile"))
        case "revoked":
            asyncio.run(revoke(staff.sign_in("hoa", "security_officer")))
        case "citizen":
            token = staff.sign_in("hoa", "security_officer")
            keep_login(ISSUER, Login(token.replace("sa_", "ga_"), SystemClock().now()))
        case _:
            staff.be("hoa")
            keep_login(ISSUER, Login("x" * 5000, SystemClock().now()))
    code, _, said = run("key", "rotate")
    assert (code, "GW-2401" in said) == (5, True)


async def revoke(token: str) -> None:
    named = parse(token)
    assert named is not None
    async with opened_storage(settings_of(None, None, None)) as storage:
        await storage.store.commit([Revoke(named[1])], now=SystemClock().now())


def test_the_sign_in_is_kept_for_its_owner_s_eyes_only(staff: Staff, run: Run) -> None:
    token = staff.sign_in("hoa", "security_officer")
    path = login_path()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    kept = read_login(ISSUER)
    assert kept is not None
    assert kept.token == token
    assert read_login("https://other.example") is None
    assert run("whoami", "--json")[1]["roles"] == ["security_officer"]
    assert token not in run("whoami")[1]
    path.chmod(0o640)
    code, _, said = run("key", "rotate")
    assert (code, "GW-2402" in said) == (5, True)
    path.chmod(0o600)
    path.write_text("[]")
    assert run("key", "rotate")[0] == 5
    path.unlink()
    path.symlink_to(Path("/etc/hostname"))
    assert run("key", "rotate")[0] == 5
    path.unlink()
    forget_login(ISSUER)
    assert run("logout")[0] == 0, "nobody was signed in, and that is what was wanted"


def test_a_login_that_finds_no_gateway_says_so(staff: Staff, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATE06_PROFILE", "dev")
    monkeypatch.setenv("GATE06_ISSUER", "http://127.0.0.1:1")
    code, out, said = run("login")
    assert (code, out) == (6, "")
    assert "GW-9109" in said
