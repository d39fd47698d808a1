"""What the endpoints of the provider work with: one value, put together in `application.py`, without behaviour."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from gateway.assurance.sign_in import RegisterMatch
from gateway.audit.log import Log
from gateway.audit.record import Evidence
from gateway.consent.sign_in_notice import NoticeList, NoticeOutbox
from gateway.identity_providers.contract import IdentityProvider
from gateway.openid_provider.allowance import Allowance
from gateway.openid_provider.attempt import Realm
from gateway.openid_provider.client_keys import ClientKeys, fetch_nothing
from gateway.openid_provider.clients import ClientRegistry, ResourceRegistry
from gateway.openid_provider.forms import FormPreparation
from gateway.openid_provider.profiles import Lifetimes
from gateway.openid_provider.screens import Screens
from gateway.openid_provider.session_hints import SessionHints
from gateway.policy.bundle import PolicyBundle
from gateway.tokens.dpop_nonce import NonceSteps
from gateway.tokens.keys import KeyRing
from gateway.vocabulary.clock import Clock, Randomness, SystemClock
from gateway.vocabulary.store import BlindIndex, Listing, Store
from gateway.vocabulary.working_days import WorkingDays, national_days


class ReplayMemory(Protocol):
    """Since when every single-use mark that was stored is still known."""

    @property
    def remembers_since(self) -> datetime | None:
        """The start of the store that may have forgotten its last second then; None where nothing is forgotten."""
        ...


class Unforgetting:
    """The memory of a store that forgets nothing."""

    remembers_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """Issuer, registries, stores and ports. `pairwise_secret` derives subjects, `refresh_secret` successors of
    refresh tokens (both 32 bytes); `develop` shows registered and received values on error pages; `outbox` takes the
    notices of sign-ins; `nonces` says whose proofs of possession need one; `offices` says what the offices of officers
    are called, by code; limits are counted in `working_days`."""

    issuer: str
    clients: ClientRegistry
    resources: ResourceRegistry
    identity_providers: Mapping[str, IdentityProvider]
    policy: PolicyBundle
    store: Store
    listing: Listing
    index: BlindIndex
    evidence: Evidence
    log: Log
    keys: KeyRing
    forms: FormPreparation
    matching: RegisterMatch
    strangers: Allowance
    screens: Screens
    clock: Clock
    randomness: Randomness
    lifetimes: Lifetimes
    pairwise_secret: bytes
    refresh_secret: bytes
    develop: bool = False
    client_keys: ClientKeys = field(default_factory=lambda: ClientKeys(fetch_nothing, SystemClock()))
    replays: ReplayMemory = field(default_factory=Unforgetting)
    nonces: NonceSteps = field(default_factory=lambda: NonceSteps(b""))
    outbox: NoticeOutbox = field(default_factory=NoticeList)
    session_hints: SessionHints = field(default_factory=SessionHints)
    offices: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    working_days: WorkingDays = field(default_factory=national_days)

    @property
    def has_staff(self) -> bool:
        """Whether there is a provider of the staff realm, and with it a command to sign in and a page to do so."""
        return any(provider.realm == "staff" for provider in self.identity_providers.values())

    @property
    def secure(self) -> bool:
        """Whether the issuer is https, and cookies therefore `__Host-` and Secure."""
        return self.issuer.startswith("https:")


def offered_providers(house: House, realm: Realm = "citizen") -> dict[str, IdentityProvider]:
    """Return the identity providers of a realm: a staff subject never meets a citizen's."""
    return {alias: one for alias, one in house.identity_providers.items() if one.realm == realm}
