"""oidcc-rp-initiated-logout-certification-test-plan: who may end a session, and where the browser goes afterwards."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from tests.conformance.basic_walks import tokens_of
from tests.conformance.client import Client
from tests.conformance.plan import NONE, Check, Run, modules_of
from tests.conformance.running import GOODBYE

SPEC = "RP-Initiated Logout 1.0"


@dataclass(frozen=True, kw_only=True)
class Wish:
    """One logout request. `hint` is good, modified (its algorithm became `none`), foreign (signed by nobody here) or
    None; `asks` whether the person has to confirm; `returns` whether the browser goes back to the client."""

    hint: str | None = "good"
    ask: Mapping[str, str] = field(default_factory=dict)
    asks: bool = False
    returns: bool = False


def _hints(good: str) -> dict[str, str]:
    head, body, _ = good.split(".")
    return {"good": good, "modified": f"eyJhbGciOiJub25lIn0.{body}.", "foreign": f"{head}.{body}.{'A' * 342}"}


def check_logout(wish: Wish) -> Check:
    """Return the check of one logout: the way, where it ends, and that nobody is signed in afterwards."""

    def check(run: Run) -> None:
        client = Client(run)
        good = tokens_of(run, client)["id_token"]
        run.steps.clear()  # how one signs in is told by other modules
        hint = {"id_token_hint": _hints(good)[wish.hint]} if wish.hint else {}
        address = run.gateway.metadata["end_session_endpoint"]
        landing = client.browser.open(f"{address}?{urlencode({**wish.ask, **hint})}")
        assert ("logout-yes" in landing.pressed) is wish.asks
        state = {"state": wish.ask["state"]} if "state" in wish.ask else {}
        if wish.returns:
            assert landing.arrived == GOODBYE
            assert landing.members == state
            seen = "303 back to the client with " + (f"state={wish.ask['state']}" if state else "nothing")
        else:
            assert landing.arrived is None
            assert landing.status == 200
            seen = "200, a page of ours, no redirect"
        hinted = [f"a {wish.hint} id_token_hint"] if wish.hint else []
        told = ", ".join([*hinted, *(_told(name, value) for name, value in wish.ask.items())])
        confirmed = "; the person was asked first" if wish.asks else ""
        run.note(f"GET end_session_endpoint with {told or 'nothing'}", seen + confirmed)
        silent, _ = client.ask(prompt="none")
        run.see(silent, silent.status, error="login_required", code=NONE)

    return check


def _told(name: str, value: str) -> str:
    if name == "post_logout_redirect_uri":
        return f"{name} ({'registered' if value == GOODBYE else 'not registered'})"
    return f"{name}={value}"


def discovery(run: Run) -> None:
    """§2.1: the endpoint is announced, below the issuer."""
    address = run.gateway.metadata["end_session_endpoint"]
    assert address == f"{run.gateway.issuer}/logout"
    run.note("GET openid-configuration", f"200 end_session_endpoint={run.plain(address)}")


_ALL = {"post_logout_redirect_uri": GOODBYE, "state": "st-out"}
LOGOUT = modules_of(
    "oidcc-rp-initiated-logout",
    {
        "-discovery-endpoint-verification": (f"{SPEC} §2.1", discovery),
        "": (f"{SPEC} §2, §3", check_logout(Wish(ask=_ALL, returns=True))),
        "-bad-post-logout-redirect-uri": (
            f"{SPEC} §3",
            check_logout(Wish(ask={**_ALL, "post_logout_redirect_uri": GOODBYE + "/other"})),
        ),
        "-query-added-to-post-logout-redirect-uri": (
            f"{SPEC} §3",
            check_logout(Wish(ask={**_ALL, "post_logout_redirect_uri": GOODBYE + "?extra=1"})),
        ),
        "-modified-id-token-hint": (f"{SPEC} §2, §6", check_logout(Wish(hint="modified", ask=_ALL, asks=True))),
        "-bad-id-token-hint": (f"{SPEC} §2, §6", check_logout(Wish(hint="foreign", ask=_ALL, asks=True))),
        "-no-id-token-hint": (f"{SPEC} §2", check_logout(Wish(hint=None, ask=_ALL, asks=True))),
        "-no-params": (f"{SPEC} §2", check_logout(Wish(hint=None, asks=True))),
        "-no-post-logout-redirect-uri": (f"{SPEC} §2", check_logout(Wish(ask={"state": "st-out"}))),
        "-no-state": (f"{SPEC} §3", check_logout(Wish(ask={"post_logout_redirect_uri": GOODBYE}, returns=True))),
        "-only-state": (f"{SPEC} §2", check_logout(Wish(hint=None, ask={"state": "st-out"}, asks=True))),
    },
)
