"""`gate06 portal list` shows what the running gateway knows, where each portal comes from, and what it has not read."""

import asyncio
from pathlib import Path
from typing import Any

from gateway.application.seeds import leave_word
from gateway.cli.connection import opened_storage, settings_of
from gateway.settings import read_settings
from gateway.vocabulary.clock import SystemClock
from gateway.vocabulary.store import Kind
from tests.cli.conftest import Run
from tests.cli.staff_login import Staff
from tests.journeys.stack import Stack

PORTAL = (
    "client_id = '{0}'\nclient_name = 'Cổng {0}'\nredirect_uris = ['https://{0}.example/cb']\n"
    "token_endpoint_auth_method = 'client_secret_basic'\nclient_secret = '{1}'\n"
)
SECRET = "s" * 43


def start_gateway(*portals: Path) -> str:
    """Leave the word that a gateway leaves at its start; return all that is stored of it."""

    async def leave() -> str:
        settings = read_settings(portals=portals)
        async with opened_storage(settings_of(None, None, None)) as storage:
            await leave_word(storage.store, SystemClock(), settings)
            return repr(await storage.store.select(Kind.DECLARED_PORTALS))

    return asyncio.run(leave())


def listed(run: Run) -> dict[str, tuple[Any, ...]]:
    portals = run("portal", "list", "--json")[1]["portals"]
    return {one["client_id"]: (one["origin"], Path(one["from"]).name, one["running"]) for one in portals}


def test_every_portal_says_where_it_comes_from_and_whether_the_gateway_knows_it(
    staff: Staff, run: Run, tmp_path: Path
) -> None:
    flag = tmp_path / "by_flag.toml"
    flag.write_text(PORTAL.format("flag", SECRET), "utf-8")
    with (tmp_path / "gate06.toml").open("a", encoding="utf-8") as file:
        file.write(f"[[portal]]\n{PORTAL.format('own', SECRET)}")
    assert listed(run) == {"own": ("settings", "gate06.toml", None)}, "no gateway has started here"
    stored = start_gateway(flag)
    assert "flag" in stored
    assert SECRET not in stored
    assert "sha256" not in stored
    seen = {"own": ("settings", "gate06.toml", True), "flag": ("settings", "by_flag.toml", True)}
    assert listed(run) == seen
    # written after the gateway read its files
    (tmp_path / "portals").mkdir()
    (tmp_path / "portals/later.toml").write_text(PORTAL.format("later", SECRET), "utf-8")
    assert listed(run) == seen | {"later": ("settings", "later.toml", False)}
    table = run("portal", "list")[1].splitlines()
    assert table[0].split() == ["client_id", "name", "profile", "origin", "running", "procedures", "from"]
    assert [line.split()[0] for line in table[1:]] == ["flag", "later", "own"]
    start_gateway()
    assert "flag" not in listed(run), "a gateway that starts without the flag knows it no more"


def test_a_running_demo_lists_the_portal_of_its_flag(tmp_path: Path) -> None:
    flag = tmp_path / "by_flag.toml"
    flag.write_text(PORTAL.format("flag", SECRET), "utf-8")
    with Stack(tmp_path, arguments=("--portal", str(flag))) as stack:
        shown = stack.command("portal", "list", "flag")
        assert (shown.returncode, "Cổng flag" in shown.stdout, "by_flag.toml" in shown.stdout) == (0, True, True)
        shown = stack.command("portal", "list", "sample")
        assert "demo.toml" in shown.stdout
