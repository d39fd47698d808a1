"""How a refusal leaves the provider: with a receipt, as OAuth JSON, as a redirect to the portal, or as a page."""

from collections.abc import Callable, Sequence

import structlog

from gateway.audit.event import Event, OAuthRefused
from gateway.audit.receipt import refuse
from gateway.openid_provider.authorization import AuthorizationRequest
from gateway.openid_provider.clients import Portal
from gateway.openid_provider.failure import InvalidRequest
from gateway.openid_provider.house import House
from gateway.openid_provider.parameters import Parameters
from gateway.openid_provider.pushed_request import answered_mark
from gateway.openid_provider.reply import Reply, json_reply
from gateway.openid_provider.response_mode import open_envelope
from gateway.openid_provider.screens import PortalFace
from gateway.openid_provider.way_back import first_page
from gateway.vocabulary.failure import Failure
from gateway.vocabulary.store import Change, Outcome, Put, Verdict

log = structlog.get_logger()


async def leave_receipt(
    house: House,
    failure: Failure,
    portal: Portal | None,
    *,
    trace_id: str,
    procedure: str | None = None,
    dossier: str | None = None,
    citizen_id: str | None = None,
    proven: bool = True,
    changes: tuple[Change, ...] = (),
    kind: type[Event] = OAuthRefused,
) -> Failure:
    """Store the refusal (event and receipt) with `changes`, and put receipt and trace id on the failure.

    Without a portal the caller did not prove who it is: the receipt is nobody's to fetch. `proven` False says that a
    portal is only named. What strangers can cause is limited: beyond their allowance there is no receipt. `kind` says
    what was refused: a portal's request, or the sign-in of whoever came for it.
    """
    await record_refusal(
        house,
        failure,
        portal,
        trace_id=trace_id,
        procedure=procedure,
        dossier=dossier,
        citizen_id=citizen_id,
        proven=proven,
        changes=lambda: changes,
        kind=kind,
    )
    return failure


async def record_refusal(
    house: House,
    failure: Failure,
    portal: Portal | None,
    *,
    trace_id: str,
    procedure: str | None = None,
    dossier: str | None = None,
    citizen_id: str | None = None,
    proven: bool = True,
    changes: Callable[[], Sequence[Change]],
    kind: type[Event] = OAuthRefused,
) -> Verdict:
    """Do what `leave_receipt` does and return how the commit ended; `changes` is asked when the receipt is known."""
    failure.trace_id = trace_id
    client_id = None if portal is None else portal.client_id
    log.info("refused", code=failure.code, portal=client_id, trace_id=trace_id, reason=failure.operator_detail)
    stranger = citizen_id is None and (portal is None or portal.public or not proven)
    if stranger and not house.strangers.take():
        alone = changes()
        return await house.store.commit(alone, now=house.clock.now()) if alone else Verdict(Outcome.DONE)
    record, event = await refuse(
        failure,
        evidence=house.evidence,
        kind=kind,
        issuer=house.issuer,
        client_id=client_id,
        actor_kind="portal" if citizen_id is None else "citizen",
        procedure=procedure,
        dossier=dossier,
        citizen_id=citizen_id,
    )
    return await house.store.commit([*changes(), Put(record)], [event], now=house.clock.now())


async def required_of(house: House, portal: Portal, parameters: Parameters, name: str, *, trace_id: str) -> str:
    """Return a parameter of an authenticated client. Raises InvalidRequest, whose receipt this client may fetch."""
    try:
        return parameters.required(name)
    except InvalidRequest as refused:
        await leave_receipt(house, refused, portal, trace_id=trace_id)
        raise


def error_uri(house: House, failure: Failure) -> str:
    """Return where the failure is explained (design.md §9)."""
    query = f"?receipt={failure.receipt}" if failure.receipt else ""
    return f"{house.issuer}/errors/{failure.code}{query}"


def error_members(house: House, failure: Failure) -> dict[str, str]:
    """Return the members of an OAuth error (RFC 6749 §5.2)."""
    members = {"error": failure.oauth_error or "server_error"}
    description = failure.detail or failure.title
    members["error_description"] = "".join(c for c in description if " " <= c <= "~" and c not in '"\\')
    members["error_uri"] = error_uri(house, failure)
    return members


def error_json(house: House, failure: Failure) -> Reply:
    """Return the failure as a token endpoint does (RFC 6749 §5.2)."""
    headers = [*failure.headers.items()]
    if failure.retry_after is not None:
        headers.append(("retry-after", str(failure.retry_after)))
    return json_reply(error_members(house, failure), failure.http_status, headers)


def error_answer(house: House, failure: Failure, request: AuthorizationRequest) -> dict[str, str | None]:
    """Return what the portal is told of an error; `iss` and `state` as in every answer (RFC 9207 §2)."""
    return {**error_members(house, failure), "state": request.state, "iss": house.issuer}


async def refuse_to_portal(
    house: House,
    failure: Failure,
    request: AuthorizationRequest,
    portal: Portal,
    *,
    trace_id: str,
    citizen_id: str | None = None,
    changes: tuple[Change, ...] = (),
) -> Reply:
    """Send the browser back to the portal with an error; `citizen_id` is about whom the portal asked, if known."""
    envelope = await open_envelope(house, portal, request)
    procedure = request.procedures[0] if request.procedures else None
    mark = answered_mark(request, house.lifetimes, house.clock.now())
    if mark is not None:
        changes = (*changes, Put(mark))
    await leave_receipt(
        house,
        failure,
        portal,
        trace_id=trace_id,
        procedure=procedure,
        dossier=request.dossier,
        citizen_id=citizen_id,
        proven=False,
        changes=changes,
    )
    return envelope.carry(error_answer(house, failure, request))


def face(portal: Portal) -> PortalFace:
    """Return how a portal is named to people."""
    return PortalFace(name=portal.display_name, agency=portal.display_agency, home=first_page(portal))
