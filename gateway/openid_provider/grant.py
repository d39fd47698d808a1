"""The grant: what a citizen's answer to a portal covers. Every code and token hangs on it and dies with it."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from gateway.openid_provider.authorization import AuthorizationRequest, claim_tokens, procedures_of, resource_tokens
from gateway.openid_provider.authorization_details import REPRESENTED_ORGANISATION, AskedForm
from gateway.tokens.issue import key_of
from gateway.vocabulary.citizen import Citizen
from gateway.vocabulary.store import Kind, Record, RecordKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """`subject` is pairwise; `identity` the identity at sign-in, read only when it is told; `session_key` the session
    it was made in; `form_procedure` and `dossier` what `authorization_details` named (None when there were none);
    `claims_userinfo` and `claims_id_token` are claims asked for by name beside the scopes, `resources` identifiers of
    those that tokens may be for beside our own API, which stands among them (`OWN_API`) when it was named as well."""

    id: str
    client_id: str
    subject: str
    citizen_id: str
    identity: Mapping[str, Any]
    scopes: tuple[str, ...]
    claims_userinfo: tuple[str, ...] = ()
    claims_id_token: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    form_procedure: str | None
    dossier: str | None
    consent_id: str | None = None
    session_key: str
    acr: str | None
    amr: tuple[str, ...]
    auth_time: datetime
    granted_at: datetime
    expires_at: datetime

    @property
    def citizen(self) -> Citizen:
        """The identity snapshot of the sign-in."""
        return Citizen.of(self.identity)

    @property
    def asked(self) -> tuple[str, ...]:
        """What is told at sign-in: scopes, claims by name as `claim:<name>`, resources as `resource:<URI>`."""
        if not self.claims_userinfo and not self.claims_id_token and not self.resources:
            return self.scopes
        named = claim_tokens(self.claims_userinfo, self.claims_id_token)
        return (*self.scopes, *named, *resource_tokens(self.resources))

    @property
    def procedure(self) -> str | None:
        """The procedure whose form was asked for."""
        return self.form_procedure or next(iter(procedures_of(self.scopes)), None)

    @property
    def details(self) -> list[dict[str, str]]:
        """The authorization details granted, as answers repeat them (RFC 9396 §7, §9.2): the form that was asked for,
        and whom the person acts for, which nobody asks for and everybody is told."""
        form = None if self.form_procedure is None else AskedForm(self.form_procedure, self.dossier)
        organisation = self.identity.get("organisation")
        return [
            *([] if form is None else [form.detail()]),
            *([] if organisation is None else [{"type": REPRESENTED_ORGANISATION, **organisation}]),
        ]

    def may_prefill(self, scopes: Iterable[str]) -> frozenset[str]:
        """Return the procedures that a token of these scopes opens: a refresh that narrows scopes keeps a form that
        was named by details."""
        named = set() if self.form_procedure is None else {self.form_procedure}
        return frozenset(named.union(procedures_of(scopes)))

    @property
    def session_id(self) -> str:
        """The `sid` of the session it was made in, at its client."""
        return session_id_at(self.session_key, self.client_id)

    def told(self) -> dict[str, Any]:
        """Return what evidence says of it: members of `Evidence.tell`."""
        return {
            "citizen_id": self.citizen_id,
            "procedure": self.procedure,
            "dossier": self.dossier,
            "attributes": self.asked,
        }


def session_id_at(session_key: str, client_id: str) -> str:
    """Return the `sid` of a session at a client: keyed to both, so two portals share no correlator."""
    return hashlib.sha256(f"{session_key}|{client_id}".encode()).hexdigest()[:32]


def grant_address(grant_id: str) -> RecordKey:
    """Return where a grant is stored."""
    return RecordKey(Kind.GRANT, grant_id)


def grant_record(grant: Grant) -> Record:
    """Return what is stored, sealed under the citizen's key."""
    return Record(
        kind=Kind.GRANT,
        key=grant.id,
        group=grant.id,
        subject=grant.citizen_id,
        expires_at=grant.expires_at,
        body={
            "client_id": grant.client_id,
            "subject": grant.subject,
            "citizen": dict(grant.identity),
            "scopes": list(grant.scopes),
            **({"claims": _claims_body(grant)} if grant.claims_userinfo or grant.claims_id_token else {}),
            **({"resources": list(grant.resources)} if grant.resources else {}),
            "form_procedure": grant.form_procedure,
            "dossier": grant.dossier,
            "consent_id": grant.consent_id,
            "session_key": grant.session_key,
            "acr": grant.acr,
            "amr": list(grant.amr),
            "auth_time": grant.auth_time.timestamp(),
            "granted_at": grant.granted_at.timestamp(),
        },
    )


def grant_of(record: Record | None, now: datetime) -> Grant | None:
    """Read a stored grant; None when there is none, it has ended or was revoked, or it is an officer's."""
    if record is None or not record.alive(now) or record.body.get("realm", "citizen") != "citizen":
        return None
    body = record.body
    claims = body.get("claims", {})
    return Grant(
        id=record.key,
        client_id=body["client_id"],
        subject=body["subject"],
        citizen_id=body["citizen"]["id"],
        identity=body["citizen"],
        scopes=tuple(body["scopes"]),
        claims_userinfo=tuple(claims.get("userinfo", ())),
        claims_id_token=tuple(claims.get("id_token", ())),
        resources=tuple(body.get("resources", ())),
        form_procedure=body.get("form_procedure"),
        dossier=body["dossier"],
        consent_id=body.get("consent_id"),  # grants of an earlier version have none
        session_key=body["session_key"],
        acr=body["acr"],
        amr=tuple(body["amr"]),
        auth_time=datetime.fromtimestamp(body["auth_time"], UTC),
        granted_at=datetime.fromtimestamp(body["granted_at"], UTC),
        expires_at=record.expires_at or now,
    )


def _claims_body(grant: Grant) -> dict[str, list[str]]:
    return {"userinfo": list(grant.claims_userinfo), "id_token": list(grant.claims_id_token)}


class Coded(Protocol):
    """A grant of either realm, as far as its code goes."""

    @property
    def id(self) -> str:
        """The grant's id."""
        ...

    @property
    def client_id(self) -> str:
        """Whom it was given to."""
        ...


def code_record(
    code: str, grant: Coded, request: AuthorizationRequest, expires_at: datetime, *, receipt: str = ""
) -> Record:
    """Return what is stored of a code: what its redemption must repeat, never the code itself; `receipt` is of the
    event that tells of the code."""
    return Record(
        kind=Kind.CODE,
        key=key_of(code),
        group=grant.id,
        expires_at=expires_at,
        body={
            "client_id": grant.client_id,
            "redirect_uri": request.redirect_uri,
            "code_challenge": request.code_challenge,
            "nonce": request.nonce,
            "receipt": receipt,
            **({} if request.dpop_jkt is None else {"dpop_jkt": request.dpop_jkt}),
        },
    )


def access_token_record(
    key: str, *, client_id: str, scopes: tuple[str, ...], expires_at: datetime, **members: Any
) -> Record:
    """Return what is stored of an opaque access token. `members`: `group` for a citizen's token, `resource`, `jkt` of
    the key it is bound to."""
    body = {"client_id": client_id, "scopes": list(scopes), "resource": members.get("resource")}
    body |= {"issued_at": members["issued_at"].timestamp()}
    if members.get("jkt") is not None:
        body["jkt"] = members["jkt"]
    return Record(kind=Kind.ACCESS_TOKEN, key=key, group=members.get("group"), expires_at=expires_at, body=body)
