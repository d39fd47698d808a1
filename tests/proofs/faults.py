"""A source dies, drags or lies in the middle of a journey: the form opens in time and every blank says why.

`It must show` 3 of the road: real programs over real HTTP, on SQLite and on PostgreSQL with Redis. The source fails
once before the notice page is built and once between the token and the prefill.
"""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.proofs.stack import Stack, Wish, fresh, open_stack
from tests.proofs.walking import Page, Step, Walker, answer_of, press, walker

COVERS = (
    *("gateway/application", "gateway/assurance", "gateway/audit", "gateway/cli", "gateway/connector_runtime"),
    *("gateway/identity_providers", "gateway/openid_provider", "gateway/pages", "gateway/prefill", "gateway/storage"),
    "connectors",
)
SETTINGS = ("sqlite", "postgresql+redis")
DEADLINE_MS = 1000
MARGIN_S = 0.5
SLOW_S = 4.0
UNAVAILABLE = ("killed", "down", "slow", "malformed", "html200", "oversize")
WITHHELD = ("denied_procedure", "denied_officer", "other_person")
PEOPLE = (1, 2, 3, 6, 11)
REGISTERS = ("sources", "civil_status")


@dataclass
class Findings:
    """What was seen, for the record."""

    timed: bool = True
    cases: int = 0
    blanks: int = 0
    slowest_s: float = 0.0
    codes: Counter[str] = field(default_factory=Counter)
    expected: dict[str, str] = field(default_factory=dict)

    def figures(self) -> dict[str, Any]:
        """Return the figures."""
        return {
            "cases": self.cases,
            "blanks_with_reason": self.blanks,
            "slowest_s": round(self.slowest_s, 3),
            "deadline_s": DEADLINE_MS / 1000,
            "margin_s": MARGIN_S,
            "why": dict(sorted(self.codes.items())),
        }


async def prove(
    folder: Path,
    *,
    faults: tuple[str, ...] = UNAVAILABLE + WITHHELD,
    rounds: int = 3,
    settings: Sequence[str] = SETTINGS,
    timed: bool = True,
) -> dict[str, Any]:
    """Run every fault at both places, `rounds` times, on each store setting. Raises AssertionError."""
    findings = Findings(timed=timed)
    for setting in settings:
        where = folder / setting
        environment = {"GATE06_PREFILL__DEADLINE_MS": str(DEADLINE_MS)}
        async with open_stack(Wish(folder=where, urls=fresh(setting, where), environment=environment)) as stack:
            for number in range(rounds):
                for fault in faults:
                    person = PEOPLE[(number + len(fault)) % len(PEOPLE)]
                    await _case(stack, fault, person, findings)
            await _answers_kept(stack)
            await _events_say_so(stack, findings)
            await prove_identity_provider_killed(stack)
    return findings.figures()


async def _case(stack: Stack, fault: str, person: int, findings: Findings) -> None:
    """Break the source before the page, then mend it, then break it between token and prefill."""
    await _calm(stack)
    async with walker(stack) as browser:
        shown_anew = browser.authorization(person, prompt="consent")
        callback = await browser.go(shown_anew, lambda step: "/callback" in step.url)
        interaction = await browser.ask(callback)
        assert isinstance(interaction, Step)
        await _break(stack, fault)
        page = await browser.ask(interaction)
        assert isinstance(page, Page), page
        assert page.status == 200
        _in_time(page.seconds, findings)
        back = answer_of(await browser.go(press(page)))
        _, tokens = await browser.redeem(back["code"])
        await _fails(browser, tokens["access_token"], fault, findings)
        await _mend(stack, fault)
        await _whole(browser, person)
    async with walker(stack) as browser:
        await _whole(browser, person)
        token = await browser.sign_in(person)  # the notice is remembered: nothing was asked for this grant yet
        await _break(stack, fault)
        await _fails(browser, token, fault, findings)
        await _mend(stack, fault)
        assert max(browser.statuses) < 500, browser.statuses


async def _fails(browser: Walker, token: str, fault: str, findings: Findings) -> None:
    begun = time.perf_counter()
    status, form = await browser.prefill(token)
    _in_time(time.perf_counter() - begun, findings)
    assert status == 200, (fault, status, form)
    assert not form["complete"]
    affected = _affected(form)
    assert affected, fault
    wanted = "unavailable" if fault in UNAVAILABLE else "withheld"
    for name, one in form["fields"].items():
        if one["value"] is not None:
            continue
        why = one.get("why")
        assert why is not None, f"{fault}: `{name}` is blank without a reason"
        assert all(why[part] for part in ("code", "vi", "en")), (fault, name, why)
        findings.blanks += 1
        if name in affected:
            assert one["status"] == wanted, (fault, name, one["status"])
            findings.codes[f"{fault} {why['code']}"] += 1
    if fault == "slow":
        assert set(form["late"]) == affected
    findings.cases += 1
    findings.expected[form["receipt"]] = fault


def _affected(form: dict[str, Any]) -> set[str]:
    """Return the fields a register would have filled."""
    return {name for name, one in form["fields"].items() if one.get("source") == "population"}


async def _whole(browser: Walker, person: int) -> None:
    """Nothing of the trouble stays: a journey soon after gives a whole form; who has just started is slow at first."""
    for _ in range(5):
        status, form = await browser.prefill(await browser.sign_in(person))
        if form["complete"]:
            break
    assert (status, form["complete"]) == (200, True), form
    assert any(form["fields"][name]["status"] == "verified" for name in _affected(form))


async def _calm(stack: Stack) -> None:
    """Let enough calls succeed that the breaker does not open: each fault shall be told by its own name."""
    for person in (8, 12):
        async with walker(stack) as browser:
            for _ in range(5):
                await _whole(browser, person)


async def _break(stack: Stack, fault: str) -> None:
    if fault == "killed":
        await stack.kill("sources")
    else:
        for register in REGISTERS:
            await stack.fault(register, target="*", fault=fault, seconds=SLOW_S)


async def _mend(stack: Stack, fault: str) -> None:
    if fault == "killed":
        await stack.begin("sources")
    else:
        for register in REGISTERS:
            await stack.fault(register)


def _in_time(seconds: float, findings: Findings) -> None:
    findings.slowest_s = max(findings.slowest_s, seconds)
    assert not findings.timed or seconds <= DEADLINE_MS / 1000 + MARGIN_S, f"took {seconds:.2f} s"


async def _answers_kept(stack: Stack) -> None:
    """Killed after the page was shown: what it showed is kept with the grant and fills the form, nobody is asked."""
    await _calm(stack)
    async with walker(stack) as browser:
        token = await browser.sign_in(6, prompt="consent")
        await stack.kill("sources")
        status, form = await browser.prefill(token)
        await stack.begin("sources")
    assert (status, form["complete"]) == (200, True)
    assert form["fields"]["applicant.full_name"]["value"] == "H'ɃIL NIÊ KĐĂM"


async def _events_say_so(stack: Stack, findings: Findings) -> None:
    released = {event["receipt"]: event for event in await stack.events() if event["event"] == "FormReleased"}
    for receipt, fault in findings.expected.items():
        event = released[receipt]
        assert event["outcome"] == "failed", (fault, event["outcome"])
        assert set(event["outcomes"].values()) & {"unavailable", "withheld"}, fault
    findings.expected.clear()


async def prove_identity_provider_killed(stack: Stack) -> None:
    """VNeID gone before its codes can be redeemed: one clear page, and an OAuth error for the portal."""
    async with walker(stack) as browser:
        callback = await browser.go(browser.authorization(1), lambda step: "/callback" in step.url)
        await stack.kill("vneid")
        failed = await browser.ask(callback)
        assert isinstance(failed, Step), failed
        page = await browser.ask(failed)
        assert isinstance(page, Page), page
        read = page.read()
        assert read.codes == ["GW-1209"], (page.status, read.codes)
        assert "Traceback" not in page.text
        back = answer_of(await browser.go(press(page)))
        assert back["error"] == "temporarily_unavailable", back
        assert back["state"] == "state-of-a-proof"
        assert back["iss"] == stack.issuer
        assert "/errors/GW-1209?receipt=rf_" in back["error_uri"], back
    await stack.begin("vneid")
    async with walker(stack) as browser:
        await _whole(browser, 1)
