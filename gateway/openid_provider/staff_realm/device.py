"""The device grant of RFC 8628: a command asks, a member of staff confirms in a browser, the command gets its token.

What is typed is looked up only for somebody who has signed in, at most ten codes in a quarter of an hour, so nobody
guesses. A code from an address is never enough: the page names what asks, from where, and waits for a decision.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.openid_provider import failure
from gateway.openid_provider.attempt import Attempt, attempt_record
from gateway.openid_provider.authorization import AuthorizationRequest
from gateway.openid_provider.browser import Browser
from gateway.openid_provider.client_authentication import authenticate_client
from gateway.openid_provider.client_rules import DEVICE_GRANT
from gateway.openid_provider.clients import Portal
from gateway.openid_provider.conclusion import attempt_url
from gateway.openid_provider.house import House
from gateway.openid_provider.parameters import Parameters, same_secret
from gateway.openid_provider.refusals import error_json, face, leave_receipt
from gateway.openid_provider.reply import Reply, json_reply, page_reply, redirect
from gateway.openid_provider.screens import DeviceCodeEntry, DeviceConfirm, DeviceDone
from gateway.openid_provider.setback import fail_attempt
from gateway.openid_provider.staff_realm.command import COMMAND_CLIENT, OPERATE
from gateway.openid_provider.staff_realm.console import CONSOLE
from gateway.openid_provider.staff_realm.failure import DeviceLoginOff, ExpiredDeviceCode, TooManyCodes
from gateway.openid_provider.staff_realm.grant import new_staff_grant, staff_grant_record
from gateway.openid_provider.staff_realm.session import StaffSession, sign_out_proof
from gateway.openid_provider.starting import store_attempt
from gateway.staff.event import CommandAllowed, CommandDenied
from gateway.tokens.issue import key_of, mint, mint_grant_id
from gateway.vocabulary.clock import Randomness
from gateway.vocabulary.failure import Failure
from gateway.vocabulary.store import Change, Insert, Kind, Outcome, Record, RecordKey, Replace, Spend

LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
"""No vowel, so that no code is a word; no letter that is read as another (RFC 8628 §6.1)."""
_CODE = re.compile(rf"[{LETTERS}]{{8}}")
_MACHINE = re.compile(r"[A-Za-z0-9._@-]{1,64}")
_FRESH_FOR = timedelta(minutes=15)
_MOST_CODES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """What asks. `machine` is what the command says of itself, `address` where its request came from."""

    record: Record
    client_id: str
    scopes: tuple[str, ...]
    machine: str
    address: str
    asked_at: datetime
    status: str
    grant_id: str

    @classmethod
    def of(cls, record: Record) -> "Device":
        """Read what `authorize_device` stored."""
        body = record.body
        return cls(
            record=record,
            client_id=body["client_id"],
            scopes=tuple(body["scopes"]),
            machine=body["machine"],
            address=body["address"],
            asked_at=datetime.fromtimestamp(body["asked_at"], UTC),
            status=body["status"],
            grant_id=body["grant_id"],
        )

    def decided(self, status: str, group: str | None) -> Record:
        """Return its record after the decision; approved, it hangs on the grant and dies with it."""
        record = self.record
        return replace(record, body={**record.body, "status": status}, group=group, version=record.version + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A signed-in officer at a page of an attempt that began at `/device`."""

    attempt: Attempt
    portal: Portal
    session: StaffSession
    browser: Browser


def device_address(device_code: str) -> RecordKey:
    """Return where a device code is stored: under its hash."""
    return RecordKey(Kind.DEVICE_CODE, key_of(device_code))


def user_code_address(house: House, user_code: str) -> RecordKey:
    """Return where a typed code leads: a keyed look-up, since so few letters would be found out from a hash."""
    return RecordKey(Kind.USER_CODE, house.index.blind("user_code", user_code))


def make_user_code(randomness: Randomness) -> str:
    """Return eight letters, each equally likely (34 bits, RFC 8628 §5.1)."""
    letters = ""
    while len(letters) < 8:
        octet = randomness.octets(1)[0]
        if octet < 256 - 256 % len(LETTERS):
            letters += LETTERS[octet % len(LETTERS)]
    return letters


def shown_code(user_code: str) -> str:
    """Return a code as people read it."""
    return f"{user_code[:4]}-{user_code[4:]}"


def read_code(typed: str) -> str | None:
    """Return a typed code without what people put between and around it, None when it cannot be one."""
    bare = re.sub(r"[\s\-.–]", "", typed[:40]).upper()
    return bare if _CODE.fullmatch(bare) else None


async def authorize_device(
    house: House, authorization: Sequence[str], parameters: Parameters, address: str, trace_id: str
) -> Reply:
    """The device authorization endpoint (RFC 8628 §3.1). Raises InvalidClient, DeviceLoginOff."""
    now = house.clock.now()
    if not house.has_staff:
        raise DeviceLoginOff()
    portal = await authenticate_client(house, authorization, parameters, now)
    try:
        scopes = _device_scopes(portal, parameters)
    except Failure as refused:
        return error_json(house, await leave_receipt(house, refused, portal, trace_id=trace_id))
    machine = parameters.get("machine", "")
    body: dict[str, Any] = {
        "client_id": portal.client_id,
        "scopes": list(scopes),
        "machine": machine if _MACHINE.fullmatch(machine) else "",
        "address": address,
        "asked_at": now.timestamp(),
        "status": "pending",
    }
    device_code, user_code = await _store_device(house, body)
    lifetimes = house.lifetimes
    return json_reply(
        {
            "device_code": device_code,
            "user_code": shown_code(user_code),
            "verification_uri": f"{house.issuer}/device",
            "verification_uri_complete": f"{house.issuer}/device?user_code={shown_code(user_code)}",
            "expires_in": int(lifetimes.device_code_for.total_seconds()),
            "interval": int(lifetimes.device_interval.total_seconds()),
        }
    )


def _device_scopes(portal: Portal, parameters: Parameters) -> tuple[str, ...]:
    if portal.realm != "staff" or DEVICE_GRANT not in portal.grant_types:
        raise failure.UnauthorizedClient("the device grant is not among the client's grant types")
    asked = tuple(dict.fromkeys(parameters.get("scope", portal.scope).split()))
    if not asked or not portal.scopes.issuperset(asked):
        raise failure.InvalidScope("`scope` is not among those of this client")
    return asked


async def _store_device(house: House, body: dict[str, Any]) -> tuple[str, str]:
    now = house.clock.now()
    expires_at = now + house.lifetimes.device_code_for
    for _ in range(5):
        grant_id = mint_grant_id(house.randomness)
        device_code, user_code = mint("sd", grant_id, house.randomness), make_user_code(house.randomness)
        address, typed = device_address(device_code), user_code_address(house, user_code)
        known = {**body, "grant_id": grant_id}
        changes = [
            Insert(Record(kind=address.kind, key=address.key, expires_at=expires_at, body=known)),
            Insert(Record(kind=typed.kind, key=typed.key, expires_at=expires_at, body={"device_key": address.key})),
        ]
        if (await house.store.commit(changes, now=now)).done:
            return device_code, user_code
    raise failure.ServerError(operator_detail="no free user code in five draws")


def code_page(house: House, browser: Browser, *, typed: str = "", wrong: bool = False) -> Reply:
    """Return the page `/device`: a field for the code, filled from the address and never sent by itself."""
    view = DeviceCodeEntry(
        action=f"{house.issuer}/device",
        again=f"{house.issuer}/device",
        typed=shown_code(code) if (code := read_code(typed)) else "",
        wrong=wrong,
    )
    return page_reply(house.screens.show(view, languages=browser.languages, status=400 if wrong else 200))


async def begin_device(house: House, parameters: Parameters, browser: Browser) -> Reply:
    """POST `/device`: begin an attempt with the typed code; whether it exists is looked up after the sign-in only."""
    code = read_code(parameters.get("user_code", ""))
    if code is None:
        return code_page(house, browser, wrong=True)
    request = AuthorizationRequest(
        client_id=COMMAND_CLIENT,
        redirect_uri="",
        scopes=(OPERATE,),
        max_age=int(_FRESH_FOR.total_seconds()),
        ui_locales=parameters.get("ui_locales"),
        user_code=code,
    )
    attempt, cookie = await store_attempt(house, request, browser, "staff")
    return redirect(attempt_url(house, attempt), [cookie])


def is_for_device(attempt: Attempt) -> bool:
    """Tell whether an attempt began at `/device`."""
    return attempt.request.client_id != CONSOLE and not attempt.request.redirect_uri


async def show_device(house: House, visit: Visit) -> Reply:
    """Show what asks, once the code led somewhere; the code's field otherwise."""
    attempt, session = visit.attempt, visit.session
    if attempt.request.device_key is None and attempt.request.user_code is not None:
        return await type_code(house, visit, attempt.request.user_code)
    if attempt.request.device_key is None:
        return _ask_again(house, attempt, visit.browser, wrong=False)
    device = await _waiting(house, attempt)
    if device is None:
        return await _fail(house, visit, ExpiredDeviceCode())
    view = DeviceConfirm(
        action=attempt_url(house, attempt),
        csrf=attempt.notice_proof(session.officer.id),
        client=face(house.clients.get(device.client_id) or visit.portal),
        officer=session.officer.full_name,
        agency=session.officer.agency,
        roles=session.officer.roles,
        code=shown_code(attempt.request.user_code or ""),
        machine=device.machine,
        address=device.address,
        asked_at=device.asked_at,
        lasts_minutes=int(house.lifetimes.staff_token_for.total_seconds()) // 60,
        ends_at=min(attempt.expires_at, device.record.expires_at or attempt.expires_at),
    )
    return page_reply(house.screens.show(view, languages=visit.browser.languages))


async def _fail(house: House, visit: Visit, refused: Failure) -> Reply:
    return await fail_attempt(house, visit.attempt, visit.portal, refused, visit.browser)


async def type_code(house: House, visit: Visit, typed: str) -> Reply:
    """Look a typed code up for a signed-in member of staff, and remember where it led."""
    attempt = visit.attempt
    if not await _count_code(house, visit.session.officer.id):
        return await _fail(house, visit, TooManyCodes(retry_after=int(_FRESH_FOR.total_seconds())))
    code = read_code(typed)
    record = None
    if code is not None:
        (record,) = await house.store.load(user_code_address(house, code))
    found = record is not None and record.alive(house.clock.now())
    device_key = str(record.body["device_key"]) if record is not None and found else None
    request = replace(attempt.request, user_code=code if found else None, device_key=device_key)
    noted = replace(attempt, request=request, version=attempt.version + 1)
    if not (await house.store.commit([Replace(attempt_record(noted))], now=house.clock.now())).done:
        raise failure.AttemptFinished(operator_detail="another tab went on with this attempt")
    return redirect(attempt_url(house, noted)) if found else _ask_again(house, noted, visit.browser, wrong=True)


def _ask_again(house: House, attempt: Attempt, browser: Browser, *, wrong: bool) -> Reply:
    view = DeviceCodeEntry(
        action=attempt_url(house, attempt),
        again=attempt_url(house, attempt),
        csrf=attempt.csrf,
        wrong=wrong,
    )
    return page_reply(house.screens.show(view, languages=browser.languages, status=400 if wrong else 200))


async def decide_device(house: House, visit: Visit, parameters: Parameters) -> Reply:
    """Allow or refuse the command: its code, the attempt and the user code are decided in one commit with the event.

    Raises AttemptFinished when another tab or another officer was first.
    """
    attempt, session, browser = visit.attempt, visit.session, visit.browser
    decision = parameters.get("decision")
    proven = same_secret(parameters.get("csrf", ""), attempt.notice_proof(session.officer.id))
    # a page shown to whoever was signed in before is no confirmation of whoever is now
    if not proven or decision not in {"allow", "deny"} or attempt.request.device_key is None:
        return redirect(attempt_url(house, attempt))
    device = await _waiting(house, attempt)
    client = None if device is None else house.clients.get(device.client_id)
    if device is None or client is None:
        return await _fail(house, visit, ExpiredDeviceCode())
    allowed = decision == "allow"
    changes: list[Change] = [
        Spend(attempt.address),
        Spend(user_code_address(house, attempt.request.user_code or ""), revoke_on_replay=False),
    ]
    if allowed:
        grant = new_staff_grant(house, client, session, device.scopes, device.grant_id)
        changes += [Insert(staff_grant_record(grant)), Replace(device.decided("approved", grant.id))]
    else:
        changes.append(Replace(device.decided("denied", None)))
    event = await house.evidence.tell(
        CommandAllowed if allowed else CommandDenied,
        outcome="allowed" if allowed else "denied",
        actor_kind="officer",
        actor_ref=session.officer.reference,
        portal=device.client_id,
        attributes=device.scopes,
        trace_id=browser.trace_id,
    )
    verdict = await house.store.commit(changes, [event], now=house.clock.now())
    if verdict.outcome is Outcome.EXPIRED:
        return await _fail(house, visit, ExpiredDeviceCode())
    if not verdict.done:
        raise failure.AttemptFinished()
    done = DeviceDone(
        allowed=allowed,
        officer=session.officer.full_name,
        action=f"{house.issuer}/staff/sign-out",
        csrf=sign_out_proof(house, browser),
    )
    return page_reply(house.screens.show(done, languages=browser.languages))


async def _waiting(house: House, attempt: Attempt) -> Device | None:
    """Return the device an attempt's code led to, while it waits for a decision."""
    if attempt.request.device_key is None:
        return None
    (record,) = await house.store.load(RecordKey(Kind.DEVICE_CODE, attempt.request.device_key))
    if record is None or not record.alive(house.clock.now()):
        return None
    device = Device.of(record)
    return device if device.status == "pending" else None


async def _count_code(house: House, staff_id: str) -> bool:
    """Count one code of a member of staff before it is looked up; False when it is one too many."""
    address, now = RecordKey(Kind.COUNTER, f"user-codes.{staff_id}"), house.clock.now()
    (stored,) = await house.store.load(address)
    if stored is None or not stored.alive(now):
        fresh = Record(kind=address.kind, key=address.key, expires_at=now + _FRESH_FOR, body={"count": 1})
        change: Change = Insert(fresh)
    elif stored.body["count"] >= _MOST_CODES:
        return False
    else:
        more = {"count": stored.body["count"] + 1}
        change = Replace(replace(stored, body=more, version=stored.version + 1))
    # lost to a parallel one: that many at once are no person's typing
    return (await house.store.commit([change], now=now)).done
