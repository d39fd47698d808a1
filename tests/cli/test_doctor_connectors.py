"""What `gate06 doctor` says of each connector: its address, how its version stands, whether its answers drifted."""

import asyncio
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import structlog

from gateway.audit.record import Evidence
from gateway.cli.connection import opened_storage, settings_of
from gateway.connector_lifecycle.orders import DraftOrder
from gateway.connector_lifecycle.release import Release, Trial, release_record
from gateway.connector_lifecycle.steps import draft
from gateway.connector_lifecycle.succession import Facts
from gateway.connector_runtime.drift import Drift
from gateway.connector_runtime.quarantine import Quarantine
from gateway.vocabulary.clock import SystemClock, SystemRandomness
from gateway.vocabulary.store import Insert
from tests.cli.conftest import Run
from tests.cli.staff_login import Staff
from tests.connector_lifecycle.conftest import OWNER
from tests.connector_lifecycle.samples import own_manifest, report_on
from tests.connector_runtime.test_quarantine import Connectors


@pytest.fixture
def door(staff: Staff, tmp_path: Path) -> Iterator[socket.socket]:
    """A register that listens, and its table in the settings."""
    staff.sign_in("thang", "service_admin")  # the database is there from now on
    with socket.create_server(("127.0.0.1", 0)) as listening:
        table = f"[connectors.land]\nurl = 'https://127.0.0.1:{listening.getsockname()[1]}'\n"
        with (tmp_path / "gate06.toml").open("a") as settings:
            settings.write(table)
        yield listening


def told(run: Run, *arguments: str) -> dict:
    rows = run("doctor", *arguments, "--json")[1]["checks"]
    (row,) = [one for one in rows if one["check"].startswith("connector ")]
    return row


def handed_in(**changes) -> Release:
    release = draft(None, OWNER, DraftOrder(manifest=own_manifest("land")), Facts(now=SystemClock().now())).release
    return replace(release, **changes)


def keep(release: Release) -> None:
    async def store() -> None:
        async with opened_storage(settings_of(None, None, None)) as storage:
            await storage.store.commit([Insert(release_record(release))], now=SystemClock().now())

    asyncio.run(store())


def test_who_was_never_published_is_not_asked_in_production(door: socket.socket, run: Run) -> None:
    row = told(run)
    assert (row["check"], row["in_order"]) == ("connector land", False)
    assert "answers; version" in row["detail"]
    assert row["detail"].endswith("unpublished")
    assert "publish" in row["fix"]


def test_a_published_version_is_in_order_and_says_its_tier(door: socket.socket, run: Run) -> None:
    text = own_manifest("land")
    keep(handed_in(state="published", report=report_on(text)))
    row = told(run)
    assert (row["in_order"], row["detail"].endswith("published, tier bronze")) == (True, True)
    door.close()
    row = told(run)
    assert (row["in_order"], "does not answer" in row["detail"]) == (False, True)


def test_other_content_under_its_number_is_named(door: socket.socket, run: Run) -> None:
    release = handed_in(state="published")
    keep(replace(release, text=release.text + "\n# khác\n"))
    row = told(run)
    assert (row["in_order"], row["detail"].endswith("changed")) == (False, True)


def test_a_trial_that_waits_for_answers_is_told(door: socket.socket, run: Run) -> None:
    now = SystemClock().now()
    keep(handed_in(state="published", trial=Trial(share=5, until=now, prolonged_at=now)))
    row = told(run)
    assert (row["in_order"], "too few good answers came" in row["detail"]) == (False, True)
    assert "connector publish land" in row["fix"]


def test_a_superseded_version_keeps_its_table_while_it_may_come_back(door: socket.socket, run: Run) -> None:
    now = SystemClock().now()
    keep(handed_in(state="retired", retires_on=now.date(), back_until=now + timedelta(days=1)))
    row = told(run)
    assert (row["in_order"], "it can be resumed so long" in row["detail"]) == (True, True)


def test_a_quarantine_is_named_with_its_two_ways_out(door: socket.socket, run: Run) -> None:
    release = handed_in(state="published")
    keep(release)

    async def drift() -> None:
        async with opened_storage(settings_of(None, None, None)) as storage:
            evidence = Evidence(SystemClock(), SystemRandomness(), storage.keys)
            worker = Quarantine(storage.store, evidence, SystemClock())
            worker.report("land", Drift(sign="gone", attribute="land_plot"))
            await worker.look(Connectors(land=release.manifest.version))

    with structlog.testing.capture_logs():  # the worker's log goes to stdout here, as the report does
        asyncio.run(drift())
    row = told(run)
    assert (row["in_order"], "(gone land_plot)" in row["detail"]) == (False, True)
    assert "gate06 connector release land" in row["fix"]
