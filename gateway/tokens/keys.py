"""The ring of signing keys: publish, use, retire; shared by every worker through the store.

A key's state is a pure function of its stored times and the present: `next` (published, not used), `active`
(signs), `retiring` (still published, so that what it signed verifies), `retired`. Time itself moves a key on, so
all workers change over at the same instant without a message between them. Every change of the ring also steps
the version of one ring record; of two parallel changes one loses and nothing of it is stored.
"""

import asyncio
from base64 import b32encode, urlsafe_b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from gateway.tokens import jose
from gateway.tokens.key_material import (
    SigningKey,
    VerificationKey,
    generate_private_jwk,
    import_public_key,
    import_signing_key,
    public_jwk,
)
from gateway.vocabulary.base64url import base64url
from gateway.vocabulary.clock import Clock, Randomness
from gateway.vocabulary.failure import Failure
from gateway.vocabulary.store import (
    Change,
    Insert,
    Kind,
    Listing,
    Outcome,
    Put,
    Record,
    RecordKey,
    Replace,
    StorageUnavailable,
    Store,
    StoredEvent,
)

SIGNING_ALGORITHMS = ("ES256", "RS256", "PS256", "Ed25519")
_RING = RecordKey(Kind.SIGNING_KEY, "ring")
_LOG = RecordKey(Kind.SIGNING_KEY, "log")
_PAIRWISE = RecordKey(Kind.SIGNING_KEY, "pairwise")
_EARLY_S = 60  # the first key of a ring is in use from the start; a clock behind ours must find it so, too


class KeyState(StrEnum):
    """Where a key is on its road."""

    NEXT = "next"
    ACTIVE = "active"
    RETIRING = "retiring"
    RETIRED = "retired"


class KeyStepTooEarly(Failure):
    """A step of rotation was asked for before its time."""

    code = "GW-9101"
    title = "key step too early"
    http_status = 409
    vi = "Chưa đến lúc thực hiện bước này với khóa ký."
    en = "It is too early for this step of the key rotation."
    fix = "Wait until the time shown by `gate06 key list`, or give `--force` when a key is compromised."


class UnknownSigningKey(Failure):
    """No signing key has this id."""

    code = "GW-9102"
    title = "unknown signing key"
    http_status = 404
    vi = "Không có khóa ký với mã này."
    en = "There is no signing key with this id."
    fix = "See `gate06 key list`."


class KeyRingChanged(Failure):
    """Somebody else changed the ring at the same moment; nothing was stored."""

    code = "GW-9103"
    title = "key ring changed meanwhile"
    http_status = 409
    vi = "Bộ khóa ký vừa được thay đổi ở nơi khác."
    en = "The key ring was changed elsewhere at the same moment."
    fix = "Look at `gate06 key list`, then repeat the step if it is still wanted."


@dataclass(frozen=True, slots=True, kw_only=True)
class RingKey:
    """A signing key with its times (aware UTC). `jwk` loses its private members once the key is retired."""

    kid: str
    alg: str
    jwk: Mapping[str, Any]
    published_at: datetime
    use_at: datetime
    successor_at: datetime | None = None
    retire_at: datetime | None = None

    def state(self, now: datetime) -> KeyState:
        """Return where the key is on its road at `now`."""
        if self.retire_at is not None and now >= self.retire_at:
            return KeyState.RETIRED
        if self.successor_at is not None and now >= self.successor_at:
            return KeyState.RETIRING
        return KeyState.ACTIVE if now >= self.use_at else KeyState.NEXT

    def record(self, now: datetime) -> Record:
        """Return the key as it is stored; a retired key leaves only its public half behind."""
        jwk = public_jwk(self.jwk) if self.state(now) is KeyState.RETIRED else dict(self.jwk)
        times = {"published_at": self.published_at, "use_at": self.use_at}
        times |= {"successor_at": self.successor_at} if self.successor_at else {}
        times |= {"retire_at": self.retire_at} if self.retire_at else {}
        body = {"jwk": jwk, "alg": self.alg} | {name: at.isoformat() for name, at in times.items()}
        return Record(kind=Kind.SIGNING_KEY, key=self.kid, body=body)

    @classmethod
    def of(cls, record: Record) -> "RingKey":
        """Read a stored key."""
        body = record.body
        times = {
            name: datetime.fromisoformat(body[name])
            for name in ("published_at", "use_at", "successor_at", "retire_at")
            if name in body
        }
        return cls(kid=record.key, alg=body["alg"], jwk=body["jwk"], **times)


@dataclass(frozen=True, slots=True)
class RingTimes:
    """How long a key is published before it signs, and after it stopped signing."""

    publish_for: timedelta
    retire_for: timedelta


@dataclass(frozen=True, slots=True)
class With:
    """What is stored in the commit of a step, or not at all with it: who did it, and what allowed it."""

    changes: Sequence[Change] = ()
    events: Sequence[StoredEvent] = ()


ALONE = With()


class KeyRing:
    """Signs with the keys in use and knows those that verify. Is a `jose.KeySource` of its own keys."""

    def __init__(self, store: Store, listing: Listing, clock: Clock, randomness: Randomness, times: RingTimes) -> None:
        self._store, self._listing, self._clock, self._randomness = store, listing, clock, randomness
        self._times = times
        self._version = 0
        self._keys: tuple[RingKey, ...] = ()
        self._private: dict[str, SigningKey] = {}
        self._log_jwk: Mapping[str, Any] = {}
        self._pairwise_key = b""
        self._view = self._look(clock.now())

    @classmethod
    async def open(
        cls,
        store: Store,
        listing: Listing,
        clock: Clock,
        randomness: Randomness,
        *,
        publish_for: timedelta,
        retire_for: timedelta,
    ) -> "KeyRing":
        """Return the ring of this store; makes its first keys when there are none.

        Of several workers that start at once one wins and the others use its keys. Raises StorageUnavailable.
        """
        ring = cls(store, listing, clock, randomness, RingTimes(publish_for, retire_for))
        (stored,) = await store.load(_RING)
        if stored is None:
            await ring._create_first()
        await ring.refresh()
        return ring

    # -- using ---------------------------------------------------------------------------------------------------

    def sign(self, claims: Mapping[str, Any], *, typ: str | None, alg: str = "ES256") -> str:
        """Return `claims` signed by the key in use for `alg` (`EdDSA` signs under that name with Ed25519)."""
        view = self._current()
        if alg == "EdDSA":  # only for a client that registered the old name (RFC 9864 §4.1)
            return jose.sign(claims, replace(view.active["Ed25519"], alg="EdDSA"), typ=typ)
        return jose.sign(claims, view.active[alg], typ=typ)

    def jwks(self) -> dict[str, Any]:
        """Return the public key set: every key that signs, will sign, or signed what is still valid."""
        return {"keys": list(self._current().published.values())}

    @property
    def jwks_max_age(self) -> int:
        """Seconds the key set may be cached: short enough that a reader sees a key before it signs."""
        return max(0, min(300, int(self._times.publish_for.total_seconds()) // 2))

    def verification_keys(self) -> Sequence[VerificationKey]:
        """Return the keys whose signatures count now; a retired key is not among them."""
        return tuple(self._current().verifying.values())

    def candidates(self, kid: str | None, alg: str) -> Sequence[VerificationKey]:
        """Return the keys that may have signed a token of ours: we always name the key, so no kid finds none."""
        key = None if kid is None else self._current().verifying.get(kid)
        return [key] if key is not None and alg in key.algorithms else []

    def log_key(self) -> bytes:
        """Return the 32 private bytes of the Ed25519 key that signs checkpoints; it is in no key set of tokens."""
        return _octets(self._log_jwk["d"])

    def log_public_key(self) -> bytes:
        """Return the 32 public bytes of the checkpoint key."""
        return _octets(self._log_jwk["x"])

    @property
    def log_kid(self) -> str:
        """The id of the checkpoint key."""
        return str(self._log_jwk["kid"])

    def pairwise_key(self) -> bytes:
        """Return the 32 bytes that pairwise subjects are derived with; they never rotate, or every `sub` would."""
        return self._pairwise_key

    # -- changing ------------------------------------------------------------------------------------------------

    def listed(self) -> tuple[RingKey, ...]:
        """Return all keys, retired ones too, in the order they were published."""
        return self._keys

    async def rotate(self, alg: str, now: datetime, *, force: bool = False, with_it: With = ALONE) -> RingKey:
        """Publish the next key of `alg`, to be used after the publishing time; return it. `with_it` is stored with it.

        While one is published and not used yet: raises KeyStepTooEarly, or with `force` uses it at once.
        Raises KeyRingChanged when another change won.
        """
        if alg not in SIGNING_ALGORITHMS:
            raise UnknownSigningKey(f"no keys are kept for `{alg}`; known are {', '.join(SIGNING_ALGORITHMS)}")
        await self.refresh()
        of_alg = [key for key in self._keys if key.alg == alg]
        waiting = next((key for key in of_alg if key.state(now) is KeyState.NEXT), None)
        current = next((key for key in of_alg if key.state(now) is KeyState.ACTIVE), None)
        if waiting is not None and not force:
            raise KeyStepTooEarly(f"`{waiting.kid}` is published and will sign from {_shown(waiting.use_at)}")
        use_at = now if force else now + self._times.publish_for
        fresh = replace(waiting, use_at=now) if waiting else await self._generate(alg, now, use_at)
        changed = [fresh]
        if current is not None:
            changed.append(replace(current, successor_at=use_at, retire_at=use_at + self._times.retire_for))
        await self._change(changed, now, with_it)
        return fresh

    async def retire(self, kid: str, now: datetime, *, force: bool = False, with_it: With = ALONE) -> RingKey:
        """Take a key out of the key set: what it signed is refused from now on; return it. `with_it` is stored with it.

        Raises KeyStepTooEarly for a key that signs or signed until lately (with `force` a retiring key goes at
        once, a key in use never goes before its successor signs), UnknownSigningKey, KeyRingChanged.
        """
        key = await self.require_retirable(kid, now, force=force)
        if key.state(now) is KeyState.RETIRED:
            return key
        retired = replace(key, retire_at=now)
        await self._change([retired], now, with_it)
        return retired

    async def require_retirable(self, kid: str, now: datetime, *, force: bool = False) -> RingKey:
        """Return a key that `retire` would take, or that is retired already. Raises as `retire` does."""
        await self.refresh()
        key = next((key for key in self._keys if key.kid == kid), None)
        if key is None:
            raise UnknownSigningKey(f"no signing key `{kid}`")
        state = key.state(now)
        if state in {KeyState.NEXT, KeyState.ACTIVE}:
            raise KeyStepTooEarly(f"`{kid}` is {state}; rotate `{key.alg}` first")
        if state is KeyState.RETIRING and not force:
            raise KeyStepTooEarly(f"`{kid}` verifies what it signed until {_shown(key.retire_at or now)}")
        return key

    async def refresh(self) -> bool:
        """Take over what other workers changed; tell whether anything did. One small read when nothing did."""
        stored, log, pairwise = await self._store.load(_RING, _LOG, _PAIRWISE)
        if stored is None or stored.version == self._version:
            return False
        records = await self._listing.select(Kind.SIGNING_KEY)
        keys = [RingKey.of(record) for record in records if "published_at" in record.body]
        self._keys = tuple(sorted(keys, key=lambda key: (key.published_at, key.alg, key.kid)))
        self._private = {key.kid: import_signing_key(key.jwk) for key in self._keys if _is_private(key.jwk)}
        if log is not None and pairwise is not None:
            self._log_jwk, self._pairwise_key = log.body["jwk"], _octets(pairwise.body["secret"])
        self._version = stored.version
        self._view = self._look(self._clock.now())
        return True

    async def keep_fresh(self, every_s: float = 2.0) -> None:
        """Refresh for ever, at most `every_s` behind the store; a store that does not answer is asked again."""
        while True:
            await asyncio.sleep(every_s)
            try:
                await self.refresh()
            except StorageUnavailable:
                continue  # the keys in hand stay good; readiness reports the store

    # -- within --------------------------------------------------------------------------------------------------

    async def _create_first(self) -> None:
        now = self._clock.now()
        begin = now - timedelta(seconds=_EARLY_S)
        keys = [await self._generate(alg, begin, begin) for alg in SIGNING_ALGORITHMS]
        log = generate_private_jwk("Ed25519", self._new_kid("log"), self._randomness)
        secret = base64url(self._randomness.octets(32))
        changes: list[Change] = [Insert(Record(kind=_RING.kind, key=_RING.key, body={"made_at": now.isoformat()}))]
        changes += [Insert(key.record(now)) for key in keys]
        changes.append(Insert(Record(kind=_LOG.kind, key=_LOG.key, body={"jwk": log})))
        changes.append(Insert(Record(kind=_PAIRWISE.kind, key=_PAIRWISE.key, body={"secret": secret})))
        # EXISTS: another worker was first, and its keys are the keys
        await self._store.commit(changes, now=now)

    async def _generate(self, alg: str, published_at: datetime, use_at: datetime) -> RingKey:
        kid = self._new_kid(alg.lower())
        jwk = await asyncio.to_thread(generate_private_jwk, alg, kid, self._randomness)
        return RingKey(kid=kid, alg=alg, jwk=jwk, published_at=published_at, use_at=use_at)

    def _new_kid(self, alg: str) -> str:
        return f"{alg}-{b32encode(self._randomness.octets(10)).decode('ascii').lower()}"

    async def _change(self, keys: Sequence[RingKey], now: datetime, with_it: With) -> None:
        (stored,) = await self._store.load(_RING)
        if stored is None or stored.version != self._version:
            raise KeyRingChanged
        changes: list[Change] = [Replace(replace(stored, version=stored.version + 1))]
        changes += [Put(key.record(now)) for key in keys]
        named = {key.kid for key in keys}
        # housekeeping: what time retired since the last change loses its private half here
        gone = [key for key in self._keys if key.state(now) is KeyState.RETIRED and _is_private(key.jwk)]
        changes += [Put(key.record(now)) for key in gone if key.kid not in named]
        verdict = await self._store.commit([*changes, *with_it.changes], with_it.events, now=now)
        if verdict.outcome is not Outcome.DONE:
            raise KeyRingChanged
        await self.refresh()

    def _current(self) -> "_View":
        now = self._clock.now()
        view = self._view
        if view.keys is not self._keys or now >= view.until or now < view.since:
            view = self._view = self._look(now)
        return view

    def _look(self, now: datetime) -> "_View":
        active: dict[str, SigningKey] = {}
        published: dict[str, dict[str, Any]] = {}
        verifying: dict[str, VerificationKey] = {}
        turns = [at for key in self._keys for at in (key.use_at, key.successor_at, key.retire_at) if at and at > now]
        for key in self._keys:
            state = key.state(now)
            if state is KeyState.RETIRED:
                continue
            published[key.kid] = public_jwk(key.jwk)
            verifying[key.kid] = import_public_key(public_jwk(key.jwk))
            if state is KeyState.ACTIVE:
                active[key.alg] = self._private[key.kid]
        far = now + timedelta(days=365)
        return _View(self._keys, now, active, published, verifying, min(turns, default=far))


@dataclass(frozen=True, slots=True)
class _View:
    """What the ring looks like until its next turn, so that signing costs no look at every key."""

    keys: tuple[RingKey, ...]
    since: datetime
    active: Mapping[str, SigningKey]
    published: Mapping[str, dict[str, Any]]
    verifying: Mapping[str, VerificationKey]
    until: datetime


def _is_private(jwk: Mapping[str, Any]) -> bool:
    return "d" in jwk


def _octets(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _shown(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
