"""Staff who are signed in at the stack of the working folder: what `gate06 login` leaves behind, without a browser."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.cli.connection import opened_storage, settings_of
from gateway.cli.login_file import Login, keep_login
from gateway.openid_provider.staff_realm.command import COMMAND_CLIENT, OPERATE
from gateway.openid_provider.staff_realm.grant import StaffGrant, staff_grant_record
from gateway.tokens.issue import key_of, mint, mint_grant_id
from gateway.vocabulary.clock import SystemClock, SystemRandomness
from gateway.vocabulary.officer import Officer, StaffRole
from gateway.vocabulary.store import Insert, Kind, Record


class Staff:
    """The people who share a machine; each has a home of their own."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        self._monkeypatch = monkeypatch

    def be(self, name: str) -> Path:
        """Be somebody of this machine from now on; return where they keep their sign-in."""
        home = self._folder / f"home-{name}"
        self._monkeypatch.setenv("XDG_CONFIG_HOME", str(home))
        return home / "gate06" / "login.json"

    def sign_in(
        self,
        name: str,
        *roles: StaffRole,
        staff_id: str | None = None,
        scopes: Sequence[str] = (OPERATE,),
        lasts_for: timedelta = timedelta(minutes=30),
    ) -> str:
        """Be somebody who has signed in with these roles; return their token."""
        self.be(name)
        officer = Officer(id=staff_id or f"id-{name}", full_name=name, agency="H55.01", roles=roles)
        return asyncio.run(_store(officer, scopes, lasts_for))


async def _store(officer: Officer, scopes: Sequence[str], lasts_for: timedelta) -> str:
    settings, now, chance = settings_of(None, None, None), SystemClock().now(), SystemRandomness()
    grant = StaffGrant(
        id=mint_grant_id(chance),
        client_id=COMMAND_CLIENT,
        subject="officer-x",
        officer=officer,
        scopes=tuple(scopes),
        auth_time=now,
        granted_at=now,
        expires_at=now + lasts_for,
    )
    token = mint("sa", grant.id, chance)
    body = {"client_id": COMMAND_CLIENT, "scopes": list(scopes), "issued_at": now.timestamp()}
    record = Record(kind=Kind.STAFF_TOKEN, key=key_of(token), group=grant.id, expires_at=grant.expires_at, body=body)
    async with opened_storage(settings) as storage:
        done = await storage.store.commit([Insert(staff_grant_record(grant)), Insert(record)], now=now)
    assert done.done
    keep_login(settings.issuer, Login(token, grant.expires_at))
    return token
