"""Settings become providers here; another dialect is another line in `_KINDS`."""

from collections.abc import Callable, Iterable, Mapping

from gateway.identity_providers.configuration import IdentityProviderSettings, Kind, is_loopback
from gateway.identity_providers.contract import AssertionSigner, IdentityProvider, UpstreamClient
from gateway.identity_providers.failure import IdentityProviderMisconfigured
from gateway.identity_providers.national_portal.adapter import NationalPortal
from gateway.identity_providers.openid_connect import OpenIdConnect
from gateway.identity_providers.vneid.adapter import VNeID
from gateway.vocabulary.clock import Clock, Randomness

Builder = Callable[
    [IdentityProviderSettings, UpstreamClient, AssertionSigner, Clock, Randomness],
    IdentityProvider,
]


def _dialect(
    make: Callable[[IdentityProviderSettings, UpstreamClient, Clock], IdentityProvider],
) -> Builder:
    """Return the builder of a dialect that signs nothing and draws nothing."""

    def build_one(
        settings: IdentityProviderSettings,
        outbound: UpstreamClient,
        signer: AssertionSigner,
        clock: Clock,
        randomness: Randomness,
    ) -> IdentityProvider:
        return make(settings, outbound, clock)

    return build_one


_KINDS: Mapping[Kind, Builder] = {
    "openid_connect": OpenIdConnect,
    "vneid": _dialect(VNeID),
    "national_portal": _dialect(NationalPortal),
}


def build(
    settings: Iterable[IdentityProviderSettings],
    outbound: UpstreamClient,
    keys: AssertionSigner,
    clock: Clock,
    randomness: Randomness,
    *,
    http_allowed: bool = False,
) -> Mapping[str, IdentityProvider]:
    """Return the providers by alias, in the order of the settings; no call leaves the house yet.

    Plain http is for this machine, and for other hosts only where `http_allowed` (development) says so.
    Raises IdentityProviderMisconfigured.
    """
    providers: dict[str, IdentityProvider] = {}
    for one in settings:
        if one.alias in providers:
            raise IdentityProviderMisconfigured(f"identity provider `{one.alias}` is there twice")
        _check_transport(one, http_allowed)
        providers[one.alias] = _KINDS[one.kind](one, outbound, keys, clock, randomness)
    return providers


def _check_transport(settings: IdentityProviderSettings, http_allowed: bool) -> None:
    named = ("issuer", "authorize_endpoint", "token_endpoint", "userinfo_endpoint", "logout_endpoint")
    for member in named:
        address = getattr(settings, member)
        if address.startswith("https://") or not address:
            continue
        if not http_allowed and not is_loopback(address):
            raise IdentityProviderMisconfigured(f"identity provider `{settings.alias}`: `{member}` must be https")
