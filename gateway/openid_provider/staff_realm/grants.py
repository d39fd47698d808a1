"""The grant types of the staff realm at the token endpoint: a desk's code, and the device code of a command."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from gateway.audit.event import CodeRedeemed, Event
from gateway.openid_provider.client_rules import DEVICE_GRANT
from gateway.openid_provider.failure import InvalidGrant, InvalidTarget
from gateway.openid_provider.grant import grant_address
from gateway.openid_provider.grants.authorization_code import check_redeemer
from gateway.openid_provider.house import House
from gateway.openid_provider.parameters import Parameters
from gateway.openid_provider.staff_realm.device import Device, device_address
from gateway.openid_provider.staff_realm.failure import (
    AuthorizationPending,
    CommandRefused,
    ExpiredDeviceCode,
    SlowDown,
)
from gateway.openid_provider.staff_realm.grant import StaffGrant, issue_staff_token, officer_claims, staff_grant_of
from gateway.openid_provider.token import Decision, TokenRequest
from gateway.staff.event import CommandSignedIn
from gateway.tokens.issue import IdTokenFacts, id_token_claims, key_of, parse
from gateway.vocabulary.store import Kind, Put, Record, RecordKey, Spend

_UNKNOWN = "the code is unknown, expired or already used"
_SLOWER_BY = timedelta(seconds=5)


def check_own_api(parameters: Parameters) -> None:
    """An officer's token is for our own API, for no other resource (RFC 8707 §2)."""
    if parameters.resources:
        raise InvalidTarget("`resource` goes with a citizen's sign-in and with `client_credentials` only")


def _redeem(
    house: House, record: Record, grant: StaffGrant | None, event: type[Event], now: datetime
) -> tuple[Decision, str | None]:
    """Spend what is redeemed and issue; the second part is the token, None when a replay ends the grant."""
    spend = Spend(record.address)
    if record.state == "used" and grant is not None:
        return Decision(changes=[spend], grant=grant), None
    if grant is None or not record.alive(now):
        raise InvalidGrant(_UNKNOWN)
    stored, answer = issue_staff_token(house, grant, now)
    decision = Decision(changes=[spend, stored], event=event, grant=grant, answer=answer)
    return decision, answer["access_token"]


class OfficerCode:
    """Redeems the code of an officer's sign-in at a desk's software (RFC 6749 §4.1.3, RFC 7636 §4.6)."""

    name: str = "authorization_code"

    def addresses(self, parameters: Parameters) -> Sequence[RecordKey]:
        """Code and grant, in one round trip."""
        check_own_api(parameters)
        code = parameters.required("code")
        named = parse(code)
        if named is None or named[0] != "sc":
            raise InvalidGrant(_UNKNOWN)
        return (RecordKey(Kind.CODE, key_of(code)), grant_address(named[1]))

    def decide(self, house: House, asked: TokenRequest, found: Sequence[Record | None], now: datetime) -> Decision:
        """Check the caller, then spend the code and issue."""
        code, stored = found
        if code is None:
            raise InvalidGrant(_UNKNOWN)
        check_redeemer(code, asked)
        portal = asked.portal
        grant = staff_grant_of(stored, now)
        decision, token = _redeem(house, code, grant, CodeRedeemed, now)
        if token is None or grant is None or "openid" not in grant.scopes:
            return decision
        told = officer_claims(grant, grant.claims_id_token)
        wanted = (*portal.id_token_claims, *grant.claims_id_token)
        facts = IdTokenFacts(
            issuer=house.issuer,
            subject=grant.subject,
            client_id=portal.client_id,
            issued_at=now,
            lifetime_s=int(house.lifetimes.id_token_for.total_seconds()),
            auth_time=grant.auth_time,
            nonce=code.body["nonce"],
            access_token=token,
            extra={name: told[name] for name in wanted if name in told},
        )
        claims = id_token_claims(facts, alg=portal.id_token_signed_response_alg)
        return Decision(
            changes=decision.changes, event=CodeRedeemed, grant=grant, answer=decision.answer, id_token=claims
        )


class DeviceCode:
    """Answers a command that asks whether its code was confirmed (RFC 8628 §3.4, §3.5)."""

    name: str = DEVICE_GRANT

    def addresses(self, parameters: Parameters) -> Sequence[RecordKey]:
        """The device code, its grant (there once it was allowed), and when it was asked last."""
        check_own_api(parameters)
        code = parameters.required("device_code")
        named = parse(code)
        if named is None or named[0] != "sd":
            raise InvalidGrant(_UNKNOWN)
        return (device_address(code), grant_address(named[1]), _pace_address(code))

    def decide(self, house: House, asked: TokenRequest, found: Sequence[Record | None], now: datetime) -> Decision:
        """Say that it waits, was refused or ran out; spend an allowed code and issue."""
        stored, stored_grant, pace = found
        if stored is None or stored.body["client_id"] != asked.portal.client_id or stored.state == "revoked":
            raise InvalidGrant(_UNKNOWN)
        device = Device.of(stored)
        if device.status == "denied":
            raise CommandRefused()
        if stored.state == "active" and not stored.alive(now):
            raise ExpiredDeviceCode()
        if device.status == "pending":
            return self._wait(house, asked.parameters["device_code"], stored, pace, now)
        return _redeem(house, stored, staff_grant_of(stored_grant, now), CommandSignedIn, now)[0]

    def _wait(self, house: House, code: str, stored: Record, pace: Record | None, now: datetime) -> Decision:
        """Note when it asked. In a record of its own, so that asking never stands in the way of the decision."""
        interval, last = house.lifetimes.device_interval, None
        if pace is not None and pace.alive(now):
            interval = timedelta(seconds=pace.body["interval"])
            last = datetime.fromtimestamp(pace.body["asked_at"], UTC)
        hurried = last is not None and now - last < interval
        if hurried:
            interval += _SLOWER_BY
        address = _pace_address(code)
        noted = Record(
            kind=address.kind,
            key=address.key,
            expires_at=stored.expires_at,
            body={"asked_at": now.timestamp(), "interval": interval.total_seconds()},
        )
        return Decision(changes=[Put(noted)], waiting=SlowDown() if hurried else AuthorizationPending())


def _pace_address(device_code: str) -> RecordKey:
    return RecordKey(Kind.COUNTER, f"device-pace.{key_of(device_code)}")
