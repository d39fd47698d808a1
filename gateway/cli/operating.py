"""Whoever runs a changing verb: found, asked for a role, and recorded in the commit of what they do.

In production that is a member of staff who ran `gate06 login`; nobody else changes anything. On a developer's gateway
the user of the machine is taken instead when nobody is signed in, and recorded as `local:<uid>`.
"""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.audit.event import Event
from gateway.audit.record import Evidence
from gateway.cli.connection import opened_storage
from gateway.cli.login_file import read_login
from gateway.cli.output import talk
from gateway.openid_provider.staff_realm.command import COMMAND_CLIENT, OPERATE
from gateway.openid_provider.staff_realm.grant import StaffAccess, find_staff_access
from gateway.settings import Settings
from gateway.staff.failure import NobodySignedIn
from gateway.staff.roles import Operator
from gateway.storage.open import Storage
from gateway.vocabulary.clock import Clock, SystemClock, SystemRandomness
from gateway.vocabulary.store import StoredEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Operating:
    """An operator at an opened stack."""

    settings: Settings
    storage: Storage
    operator: Operator
    evidence: Evidence
    clock: Clock

    def now(self) -> datetime:
        """Return the present."""
        return self.clock.now()

    async def tell(self, kind: type[Event], *, outcome: str, **extra: Any) -> StoredEvent:
        """Return an event whose actor is this operator; `extra` are members of the event's own."""
        return await tell_of(self.evidence, kind, self.operator, outcome=outcome, **extra)


async def tell_of(
    evidence: Evidence, kind: type[Event], operator: Operator, *, outcome: str, **extra: Any
) -> StoredEvent:
    """Return an event whose actor is an operator."""
    members: Mapping[str, Any] = extra
    return await evidence.tell(
        kind,
        outcome=outcome,
        actor_kind="operator",
        actor_ref=operator.reference,
        extra=tuple(members.items()),
    )


@asynccontextmanager
async def operating(settings: Settings) -> AsyncIterator[Operating]:
    """Open the stack for whoever runs the command. Raises NobodySignedIn, SignInFileUnsafe."""
    clock = SystemClock()
    async with opened_storage(settings) as storage:
        yield Operating(
            settings=settings,
            storage=storage,
            operator=await find_operator(settings, storage, clock.now()),
            evidence=Evidence(clock, SystemRandomness(), storage.keys),
            clock=clock,
        )


async def find_operator(settings: Settings, storage: Storage, now: datetime) -> Operator:
    """Return whoever is signed in at this stack. Raises NobodySignedIn, SignInFileUnsafe."""
    access = await find_login(settings, storage, now)
    if access is not None:
        return Operator.of(access.grant.officer)
    if not settings.dev:
        raise NobodySignedIn(f"nobody is signed in at `{settings.issuer}`, or the sign-in has ended")
    if read_login(settings.issuer) is not None:
        talk(f"the sign-in at {settings.issuer} has ended: acting as the user of this machine")
    return Operator.local(os.getuid())


async def find_login(settings: Settings, storage: Storage, now: datetime) -> StaffAccess | None:
    """Return what the kept sign-in opens at this stack, None for one that is not good now."""
    kept = read_login(settings.issuer)
    access = None if kept is None else await find_staff_access(storage.store, kept.token, now)
    if access is None or access.grant.client_id != COMMAND_CLIENT or OPERATE not in access.scopes:
        return None
    return access
