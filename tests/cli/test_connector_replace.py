"""Secrets are shown to the running source before they are swapped, every worker takes them over, and a day lies between
the swap and the end of the way back."""

import asyncio
import json
import os
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import structlog

from gateway.cli.connection import opened_storage, settings_of
from gateway.cli.connector_steps import lifecycle_of
from gateway.cli.operating import operating
from gateway.connector_lifecycle.orders import DraftOrder, read_order
from gateway.connector_runtime.credential_files import before_of, next_of, promote
from gateway.connector_runtime.credential_watch import CredentialWatch
from gateway.connector_runtime.registry import ConnectorRegistry
from gateway.vocabulary.clock import SystemClock
from tests.cli.conftest import Run
from tests.cli.staff_login import Staff
from tests.connector_kinds.conftest import text_of

OLD, NEW = "the-present-key-of-all", "the-following-key-of-all"
NAME = "the_sample"


class Source:
    """A register on this machine that takes the keys of `taken`, and writes down which one came."""

    def __init__(self) -> None:
        self.taken, self.came, self.is_open = {OLD, NEW}, list[str](), False
        source = self

        class Guarded(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                source.came.append(self.headers.get("X-Api-Key"))
                self.send_response(200 if source.is_open or source.came[-1] in source.taken else 401)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Guarded)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def source() -> Iterator[Source]:
    running = Source()
    yield running
    running.server.shutdown()
    running.server.server_close()


@pytest.fixture
def key(source: Source, staff: Staff, tmp_path: Path) -> Path:
    """The file of the key in use, of a connector in the settings of a developer's gateway."""
    file = tmp_path / "own.secret"
    file.write_text(OLD + "\n", "utf-8")
    file.chmod(0o600)
    head, _, tail = text_of("rest").partition("[auth]")
    auth = '[auth]\nkind = "apikey"\nheader = "X-Api-Key"\nsecret_ref = "own"\n'
    made = tmp_path / "connectors" / NAME / "manifest.toml"
    made.parent.mkdir(parents=True)
    made.write_text(f"{head}{auth}[operations.lookup]{tail.partition('[operations.lookup]')[2]}", "utf-8")
    settings = tmp_path / "gate06.toml"
    more = (
        f'\n[connectors]\npath = ["connectors"]\n[connectors.{NAME}]\nzone = "lab"\n'
        f'url = "http://127.0.0.1:{source.server.server_port}"\n'
        f'[connectors.{NAME}.secret_files]\n"own" = "{file}"\n'
    )
    settings.write_text('profile = "dev"\n' + settings.read_text("utf-8") + more, "utf-8")
    return file


@pytest.fixture
def following(tmp_path: Path) -> Path:
    file = tmp_path / "handed-over"
    file.write_text(NEW, "utf-8")
    file.chmod(0o600)
    return file


class Workers:
    """Two workers of one gateway, each with connectors of its own."""

    def __init__(self) -> None:
        settings, self.runner = settings_of(None, None, None), asyncio.Runner()
        tables = settings.connectors.by_name()
        self.watches = [CredentialWatch(tables) for _ in range(2)]
        folders = settings.connectors.path
        self.registries = [
            ConnectorRegistry.load(tables, egress=settings.egress, clock=SystemClock(), folders=folders)
            for _ in range(2)
        ]

    def look(self) -> list[dict]:
        """Let both look at their files; return what they logged."""

        async def both() -> None:
            for watch, registry in zip(self.watches, self.registries, strict=True):
                await watch.look(registry)

        with structlog.testing.capture_logs() as logged:
            self.runner.run(both())
        return logged

    def states(self) -> list[str]:
        async def both() -> list[str]:
            return [(await registry.check_all())[NAME].state for registry in self.registries]

        return self.runner.run(both())


@pytest.fixture
def workers(key: Path) -> Iterator[Workers]:
    made = Workers()
    yield made

    async def close() -> None:
        for registry in made.registries:
            await registry.close()

    made.runner.run(close())
    made.runner.close()


def swaps() -> list[dict]:
    async def read() -> list[dict]:
        async with opened_storage(settings_of(None, None, None)) as storage:
            return [json.loads(one.leaf) for one in await storage.journal.pending(100)]

    return [one for one in asyncio.run(read()) if one["event"] == "ConnectorCredentialsReplaced"]


def beside(run: Run) -> list[dict]:
    return [one for one in run("doctor", "--json")[1]["checks"] if one["check"].startswith("secret beside")]


def test_a_secret_the_source_takes_is_swapped_for_every_worker_and_can_be_taken_back(
    source: Source, key: Path, following: Path, workers: Workers, staff: Staff, run: Run
) -> None:
    assert (workers.states(), source.came) == (["up", "up"], [OLD, OLD])
    staff.sign_in("thang", "service_admin")
    code, out, err = run("connector", "replace-credentials", NAME, f"own={following}")
    assert (code, NEW in out + err) == (0, False)
    assert source.came[2] == NEW
    assert source.came[3] not in {OLD, NEW}, "that the source takes it says something: it refuses another"
    assert (key.read_text("utf-8"), key.stat().st_mode & 0o777) == (NEW, 0o600)
    assert [one["event"] for one in workers.look()] == ["credentials_taken"] * 2
    source.taken = {NEW}
    assert workers.states() == ["up", "up"], "nobody was restarted"
    assert workers.look() == []
    (event,) = swaps()
    assert (event["outcome"], event["connector"], event["references"]) == ("replaced", NAME, ["own"])
    assert event["unproven"] == []
    assert (event["actor"]["ref"], event["role"]) == ("staff:id-thang", "service_admin")
    assert not next_of(key).exists()
    (row,) = beside(run)
    assert (row["in_order"], "is the way back until" in row["detail"]) == (True, True)

    assert run("connector", "restore-credentials", NAME)[0] == 6, "the source does not take the old one any more"
    assert key.read_text("utf-8") == NEW
    source.taken = {OLD}
    assert run("connector", "restore-credentials", NAME)[0] == 0
    workers.look()
    assert (workers.states(), [one["outcome"] for one in swaps()]) == (["up", "up"], ["replaced", "restored"])
    assert (beside(run), run("connector", "restore-credentials", NAME)[0]) == ([], 4)


def test_a_secret_the_source_refuses_changes_nothing(
    source: Source, key: Path, following: Path, workers: Workers, staff: Staff, run: Run
) -> None:
    staff.sign_in("thang", "service_admin")
    source.taken = {OLD}
    code, _, err = run("connector", "replace-credentials", NAME, f"own={following}")
    assert (code, "nothing was changed" in err) == (6, True)
    assert (key.read_text("utf-8").strip(), next_of(key).exists(), before_of(key).exists()) == (OLD, False, False)
    assert (workers.look(), workers.states(), swaps()) == ([], ["up", "up"], [])


def test_who_may_not_and_what_is_not_there_change_nothing(key: Path, following: Path, staff: Staff, run: Run) -> None:
    staff.sign_in("oanh", "auditor")
    code, _, err = run("connector", "replace-credentials", NAME, f"own={following}")
    assert (code, "GW-2403" in err) == (5, True)
    staff.sign_in("thang", "service_admin")
    assert run("connector", "replace-credentials", NAME, "other=x")[0] == 2
    assert run("connector", "replace-credentials", "nobody", f"own={following}")[0] == 4
    assert run("connector", "restore-credentials", NAME)[0] == 4
    following.write_text("", "utf-8")
    assert run("connector", "replace-credentials", NAME, f"own={following}")[0] == 7, "it is empty"
    assert (key.read_text("utf-8").strip(), next_of(key).exists(), swaps()) == (OLD, False, [])


def test_a_file_that_cannot_be_used_leaves_the_workers_with_what_they_have(key: Path, workers: Workers) -> None:
    key.rename(key.with_name("away"))
    told = workers.look()
    assert [one["event"] for one in told] == ["credentials_not_taken"] * 2
    assert (workers.states(), workers.look()) == (["up", "up"], []), "told once"
    key.with_name("away").rename(key)
    workers.look()
    assert workers.states() == ["up", "up"]


def test_a_folder_with_other_content_is_not_asked_through_when_its_secret_changes(key: Path, workers: Workers) -> None:
    manifest = key.parent / "connectors" / NAME / "manifest.toml"
    manifest.write_text(manifest.read_text("utf-8") + "\n# khác\n", "utf-8")
    key.write_text(NEW, "utf-8")
    held = [len(registry._clients) for registry in workers.registries]
    assert [one["event"] for one in workers.look()] == ["credentials_not_taken"] * 2
    workers.look()
    assert [len(registry._clients) for registry in workers.registries] == held, "nothing was opened"


def test_a_probe_that_anybody_passes_proves_no_secret(
    source: Source, key: Path, following: Path, staff: Staff, run: Run
) -> None:
    staff.sign_in("thang", "service_admin")
    source.is_open = True
    following.write_text("a-wrong-key-of-nobody", "utf-8")
    code, _, err = run("connector", "replace-credentials", NAME, f"own={following}")
    assert (code, "no probe proves `own`" in err) == (7, True)
    assert (key.read_text("utf-8").strip(), next_of(key).exists(), swaps()) == (OLD, False, [])
    code, _, err = run("connector", "replace-credentials", NAME, f"own={following}", "--unproven")
    assert (code, "no probe proves `own`" in err) == (0, True)
    assert [one["unproven"] for one in swaps()] == [["own"]]


def test_a_secret_of_the_question_is_proven_by_no_probe(
    source: Source, key: Path, following: Path, staff: Staff, run: Run
) -> None:
    manifest = key.parent / "connectors" / NAME / "manifest.toml"
    text = manifest.read_text("utf-8")
    assert "query = {" in text
    manifest.write_text(text.replace("query = {", 'query = { door = "{secret:door}",', 1), "utf-8")
    settings, door = key.parent / "gate06.toml", key.with_name("door.secret")
    door.write_text(OLD, "utf-8")
    door.chmod(0o600)
    settings.write_text(settings.read_text("utf-8") + f'"door" = "{door}"\n', "utf-8")
    staff.sign_in("thang", "service_admin")
    code, _, err = run("connector", "replace-credentials", NAME, f"door={following}")
    assert (code, "no probe proves `door`" in err, source.came) == (7, True, [])
    code, _, err = run("connector", "credentials", NAME, "--try", f"door={following}")
    assert (code, "the probe does not carry `door`" in err) == (9, True)
    assert run("connector", "replace-credentials", NAME, f"own={following}", f"door={following}", "--unproven")[0] == 0
    assert [one["unproven"] for one in swaps()] == [["door"]]


def test_a_second_replacement_keeps_the_first_original(
    source: Source, key: Path, following: Path, staff: Staff, run: Run
) -> None:
    staff.sign_in("thang", "service_admin")
    assert run("connector", "replace-credentials", NAME, f"own={following}")[0] == 0
    came = len(source.came)
    code, _, err = run("connector", "replace-credentials", NAME, f"own={following}")
    assert (code, str(before_of(key)) in err, len(source.came)) == (8, True, came)
    assert before_of(key).read_text("utf-8").strip() == OLD
    with pytest.raises(FileExistsError):
        promote([key], SystemClock().now())
    later = SystemClock().now() + timedelta(hours=25)
    next_of(key).write_text("the-third", "utf-8")
    promote([key], later)
    assert (key.read_text("utf-8"), before_of(key).read_text("utf-8")) == ("the-third", NEW)


def test_no_secret_is_shown_to_a_manifest_that_is_not_the_approved_one(
    source: Source, key: Path, following: Path, staff: Staff, run: Run
) -> None:
    staff.sign_in("thang", "service_admin")
    folder = key.parent / "connectors" / NAME
    text = (folder / "manifest.toml").read_text("utf-8")

    async def hand_in() -> None:
        async with operating(settings_of(None, None, None)) as desk:
            await lifecycle_of(desk).draft(desk.operator, read_order(DraftOrder, {"manifest": text, "reason": ""}))

    asyncio.run(hand_in())
    (folder / "manifest.toml").write_text(text + "# another address\n", "utf-8")
    code, _, err = run("connector", "replace-credentials", NAME, f"own={following}")
    assert (code, "not the approved" in err, source.came) == (8, True, [])
    assert (key.read_text("utf-8").strip(), swaps()) == (OLD, [])
    code, _, err = run("connector", "credentials", NAME, "--try", f"own={following}")
    assert (code, "only comments, order or spelling" in err, source.came) == (8, True, [])
    (folder / "manifest.toml").write_text(text.replace("X-Api-Key", "X-Other-Key"), "utf-8")
    code, out, err = run("connector", "credentials", NAME, "--try", f"own={following}", "--json")
    assert (code, out["outcome"], source.came) == (8, "not_approved", [])
    assert "auth.header changed: X-Api-Key -> X-Other-Key" in err
    (folder / "manifest.toml").write_text(text, "utf-8")
    assert run("connector", "credentials", NAME, "--try", f"own={following}")[0] == 0
    assert run("connector", "replace-credentials", NAME, f"own={following}")[0] == 0
    (folder / "manifest.toml").write_text(text + "# another address\n", "utf-8")
    came = len(source.came)
    assert (run("connector", "restore-credentials", NAME)[0], len(source.came)) == (8, came)


def test_who_forbids_what_nobody_approved_is_obeyed(
    source: Source, key: Path, following: Path, staff: Staff, run: Run
) -> None:
    settings = key.parent / "gate06.toml"
    settings.write_text(
        settings.read_text("utf-8").replace("[connectors]\n", '[connectors]\nunpublished = "refuse"\n'), "utf-8"
    )
    staff.sign_in("thang", "service_admin")
    code, _, err = run("connector", "replace-credentials", NAME, f"own={following}")
    assert (code, "not the approved" in err, source.came) == (8, True, [])


def test_what_should_not_lie_beside_a_secret_is_named(key: Path, staff: Staff, run: Run) -> None:
    next_of(key).write_text(NEW, "utf-8")
    before_of(key).write_text(OLD, "utf-8")
    old = (SystemClock().now() - timedelta(hours=25)).timestamp()
    os.utime(before_of(key), (old, old))
    rows = beside(run)
    assert [one["in_order"] for one in rows] == [False, False]
    assert {one["fix"] for one in rows} == {f"delete {next_of(key)}", f"delete {before_of(key)}"}
    staff.sign_in("thang", "service_admin")
    assert run("connector", "restore-credentials", NAME)[0] == 4, "a day is over"
