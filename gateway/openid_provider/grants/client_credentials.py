"""`grant_type=client_credentials` (RFC 6749 §4.4): a portal acts for itself, never for a citizen.

For our own API the token is opaque. For a `[[resource]]` with JWT tokens (RFC 9068) nothing is written at all; its
`sub` is the client id, which can never equal a citizen's subject (RFC 9700 §4.15): subjects are 52 base32 letters.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from gateway.openid_provider.clients import Portal, Resource
from gateway.openid_provider.failure import InvalidAuthorizationDetails, InvalidScope
from gateway.openid_provider.grant import access_token_record
from gateway.openid_provider.grants.issuing import token_type
from gateway.openid_provider.house import House
from gateway.openid_provider.parameters import Parameters
from gateway.openid_provider.profiles import CLIENT_SCOPES, IDENTITY_SCOPES
from gateway.openid_provider.target import named_by_client, scopes_for
from gateway.openid_provider.token import Decision, TokenRequest
from gateway.tokens.issue import AccessTokenFacts, access_token_claims, key_of, mint, mint_grant_id
from gateway.vocabulary.clock import text_token
from gateway.vocabulary.store import Insert, Record, RecordKey


class ClientCredentials:
    """Issues a token to the client itself."""

    name = "client_credentials"

    def addresses(self, parameters: Parameters) -> Sequence[RecordKey]:
        """Nothing: the client is known already."""
        if "authorization_details" in parameters:
            raise InvalidAuthorizationDetails("a form is asked for with a citizen's sign-in only")
        return ()

    def decide(self, house: House, asked: TokenRequest, found: Sequence[Record | None], now: datetime) -> Decision:
        """Issue for the resource named, or for our own API when none is."""
        portal = asked.portal
        resource = named_by_client(house, asked.parameters)
        scopes = client_scopes(asked.parameters.get("scope"), portal, resource)
        if resource is not None and resource.signed:
            return _jwt(house, asked, resource, scopes, now)
        lifetime = house.lifetimes.access_token_for if resource is None else timedelta(seconds=resource.lifetime_s)
        token = mint("ga", mint_grant_id(house.randomness), house.randomness)
        record = access_token_record(
            key_of(token),
            client_id=portal.client_id,
            scopes=scopes,
            expires_at=now + lifetime,
            resource=None if resource is None else resource.identifier,
            issued_at=now,
            jkt=asked.jkt,
        )
        answer = _answer(token, int(lifetime.total_seconds()), scopes, asked.jkt)
        return Decision(changes=[Insert(record)], answer=answer)


def client_scopes(scope: str | None, portal: Portal, resource: Resource | None) -> tuple[str, ...]:
    """Return the scopes that both the client's registration and the resource allow: those of our own API where none is
    named. Raises InvalidScope."""
    registered = portal.scopes.difference(IDENTITY_SCOPES)
    allowed = {*scopes_for(resource, registered), *(registered.intersection(CLIENT_SCOPES) if resource is None else ())}
    if scope is None:
        return tuple(sorted(allowed))
    asked = tuple(dict.fromkeys(scope.split()))
    if not asked or not allowed.issuperset(asked):
        raise InvalidScope("`scope` is not among those of this client and resource")
    return asked


def _jwt(house: House, asked: TokenRequest, resource: Resource, scopes: tuple[str, ...], now: datetime) -> Decision:
    client_id = asked.portal.client_id
    facts = AccessTokenFacts(
        issuer=house.issuer,
        subject=client_id,
        client_id=client_id,
        audience=resource.identifier,
        issued_at=now,
        lifetime_s=resource.lifetime_s,
        token_id=text_token(house.randomness, 128),
        scope=" ".join(scopes),
        extra={} if asked.jkt is None else {"cnf": {"jkt": asked.jkt}},
    )
    token = house.keys.sign(access_token_claims(facts), typ="at+jwt")
    return Decision(answer=_answer(token, resource.lifetime_s, scopes, asked.jkt))


def _answer(token: str, lifetime_s: int, scopes: tuple[str, ...], jkt: str | None) -> dict[str, object]:
    answer: dict[str, object] = {"access_token": token, "token_type": token_type(jkt), "expires_in": lifetime_s}
    if scopes:
        answer["scope"] = " ".join(scopes)
    return answer
