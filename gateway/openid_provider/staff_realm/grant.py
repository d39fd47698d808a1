"""What an officer granted: to the software of a desk, or to the command `gate06`. A citizen's road reads none of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gateway.openid_provider.access import bearer_of
from gateway.openid_provider.authorization import claim_tokens
from gateway.openid_provider.clients import Portal
from gateway.openid_provider.grant import grant_address
from gateway.openid_provider.house import House
from gateway.openid_provider.staff_realm.failure import NotForStaff
from gateway.openid_provider.staff_realm.session import StaffSession
from gateway.tokens.issue import key_of, mint, officer_subject, parse
from gateway.vocabulary.officer import Officer
from gateway.vocabulary.store import Insert, Kind, Record, RecordKey, Store

_REFUSED = {"WWW-Authenticate": 'Bearer realm="gate06-staff", error="invalid_token"'}


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffGrant:
    """`subject` is pairwise and of a shape no citizen's has; `officer` the identity at sign-in; `claims_userinfo` and
    `claims_id_token` are claims asked for by name beside the scopes."""

    id: str
    client_id: str
    subject: str
    officer: Officer
    scopes: tuple[str, ...]
    auth_time: datetime
    granted_at: datetime
    expires_at: datetime
    claims_userinfo: tuple[str, ...] = ()
    claims_id_token: tuple[str, ...] = ()

    @property
    def asked(self) -> tuple[str, ...]:
        """What is told at sign-in: scopes, and claims by name as `claim:<name>`."""
        return (*self.scopes, *claim_tokens(self.claims_userinfo, self.claims_id_token))

    def told(self) -> dict[str, Any]:
        """Return what evidence says of it: members of `Evidence.tell`."""
        return {"attributes": self.asked, "extra": (("officer", self.officer.reference),)}


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffAccess:
    """A staff token that is good now: its client, its scopes and the grant behind it."""

    record: Record
    grant: StaffGrant
    scopes: frozenset[str]


def subject_of_officer(house: House, portal: Portal, officer: Officer) -> str:
    """Return the officer's subject at a client."""
    sector = "" if portal.subject_type == "public" else portal.sector_identifier
    return officer_subject(house.pairwise_secret, sector, officer.id)


def new_staff_grant(
    house: House, portal: Portal, session: StaffSession, scopes: Sequence[str], grant_id: str
) -> StaffGrant:
    """Return the grant of a session to a client: it lives as long as one token."""
    now = house.clock.now()
    return StaffGrant(
        id=grant_id,
        client_id=portal.client_id,
        subject=subject_of_officer(house, portal, session.officer),
        officer=session.officer,
        scopes=tuple(scopes),
        auth_time=session.auth_time,
        granted_at=now,
        expires_at=now + house.lifetimes.staff_token_for,
    )


def staff_grant_record(grant: StaffGrant) -> Record:
    """Return what is stored. Grants of both realms are of one kind, since revocation flips that kind; each names its
    realm, and a reader of one realm finds nothing in the other."""
    return Record(
        kind=Kind.GRANT,
        key=grant.id,
        group=grant.id,
        expires_at=grant.expires_at,
        body={
            "realm": "staff",
            "client_id": grant.client_id,
            "subject": grant.subject,
            "officer": grant.officer.body(),
            "scopes": list(grant.scopes),
            **({"claims": _claims_body(grant)} if grant.claims_userinfo or grant.claims_id_token else {}),
            "auth_time": grant.auth_time.timestamp(),
            "granted_at": grant.granted_at.timestamp(),
        },
    )


def staff_grant_of(record: Record | None, now: datetime) -> StaffGrant | None:
    """Read a stored grant; None when there is none, it has ended or was revoked, or it is a citizen's."""
    if record is None or not record.alive(now) or record.body.get("realm") != "staff":
        return None
    body = record.body
    claims = body.get("claims", {})
    return StaffGrant(
        id=record.key,
        client_id=body["client_id"],
        subject=body["subject"],
        officer=Officer.of(body["officer"]),
        scopes=tuple(body["scopes"]),
        auth_time=datetime.fromtimestamp(body["auth_time"], UTC),
        granted_at=datetime.fromtimestamp(body["granted_at"], UTC),
        expires_at=record.expires_at or now,
        claims_userinfo=tuple(claims.get("userinfo", ())),
        claims_id_token=tuple(claims.get("id_token", ())),
    )


def _claims_body(grant: StaffGrant) -> dict[str, list[str]]:
    return {"userinfo": list(grant.claims_userinfo), "id_token": list(grant.claims_id_token)}


def issue_staff_token(house: House, grant: StaffGrant, now: datetime) -> tuple[Insert, dict[str, Any]]:
    """Return the change that stores a new token, and the members of the answer (RFC 6749 §5.1)."""
    token = mint("sa", grant.id, house.randomness)
    record = Record(
        kind=Kind.STAFF_TOKEN,
        key=key_of(token),
        group=grant.id,
        expires_at=grant.expires_at,
        body={"client_id": grant.client_id, "scopes": list(grant.scopes), "issued_at": now.timestamp()},
    )
    answer = {
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": int((grant.expires_at - now).total_seconds()),
        "scope": " ".join(grant.scopes),
    }
    return Insert(record), answer


def is_staff_token(token: str) -> bool:
    """Tell by its shape whether a token is of the staff realm."""
    named = parse(token)
    return named is not None and named[0] == "sa"


async def find_staff_access(store: Store, token: str, now: datetime) -> StaffAccess | None:
    """Return what a staff token opens, None for anything that is not good now."""
    named = parse(token)
    if named is None or named[0] != "sa":
        return None
    record, stored = await store.load(RecordKey(Kind.STAFF_TOKEN, key_of(token)), grant_address(named[1]))
    grant = staff_grant_of(stored, now)
    if record is None or not record.alive(now) or grant is None:
        return None
    return StaffAccess(record=record, grant=grant, scopes=frozenset(record.body["scopes"]))


async def read_officer(house: House, authorization: Sequence[str], body_token: str | None = None) -> StaffAccess:
    """Return the officer behind a request. Raises NotForStaff for whatever is no staff token that is good now."""
    access = await find_staff_access(house.store, bearer_of(authorization, body_token), house.clock.now())
    portal = None if access is None else house.clients.get(access.grant.client_id)
    if access is None or portal is None or portal.realm != "staff":
        raise NotForStaff("the access token is not one of the staff realm", headers=_REFUSED)
    return access


def officer_claims(grant: StaffGrant, named: Iterable[str] = ()) -> dict[str, Any]:
    """Return what scope `profile` tells of an officer (name, agency code, roles), without it those of them `named`."""
    officer = grant.officer
    known = {"name": officer.full_name, "agency_code": officer.agency, "roles": list(officer.roles)}
    return known if "profile" in grant.scopes else {name: known[name] for name in named if name in known}
