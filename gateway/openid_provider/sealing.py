"""Encrypting what is signed for one client: ID tokens, userinfo and authorization responses (RFC 7516, nested JWT)."""

from dataclasses import dataclass
from typing import Literal

from gateway.openid_provider.client_keys import KeysUnreachable
from gateway.openid_provider.clients import Portal
from gateway.openid_provider.house import House
from gateway.tokens.jwe import EncryptionKey, encrypt
from gateway.vocabulary.failure import Failure, RefusedBy

Sealed = Literal["id_token", "userinfo", "authorization"]


class NoEncryptionKey(Failure):
    """The client registered encryption, and no key of its can be had to encrypt to: nothing goes out in clear."""

    code = "GW-1017"
    title = "no key to encrypt to"
    oauth_error = "invalid_request"
    refused_by: RefusedBy = "gateway"
    vi = "Dịch vụ tạm thời không đăng nhập được. Quay lại trang dịch vụ và thử lại sau."
    en = "The service cannot sign you in for now. Go back to it and try again later."
    fix = "Publish a key for the registered algorithm, `use` `enc`, in `jwks` or at `jwks_uri`, and keep it reachable."


@dataclass(frozen=True, slots=True)
class Seal:
    """The key of a client and the two algorithms it registered."""

    key: EncryptionKey
    alg: str
    enc: str

    def close(self, token: str) -> str:
        """Return a signed token encrypted."""
        return encrypt(token, self.key, alg=self.alg, enc=self.enc)


async def seal_for(house: House, portal: Portal, kind: Sealed) -> Seal | None:
    """Return what encrypts one kind of token of a client; None where it registered no encryption.

    Raises NoEncryptionKey.
    """
    registered = portal.encryption_of(kind)
    if registered is None:
        return None
    alg, enc = registered
    try:
        keys = await house.client_keys.of(portal)
        key = keys.sealing(alg)
        if key is None:
            newer = await house.client_keys.again(portal)
            key = None if newer is None else newer.sealing(alg)
    except KeysUnreachable as trouble:
        raise NoEncryptionKey("the client's keys cannot be had now", operator_detail=trouble.reason) from trouble
    if key is None:
        raise NoEncryptionKey("the client publishes no encryption key for the algorithm it registered")
    return Seal(key, alg, enc)
