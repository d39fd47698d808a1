"""Every module of the relying-party plans: a running gateway between its own client and an upstream that misbehaves."""

from collections.abc import Iterator

import pytest

from gateway.cli.demo import free_ports
from tests.conformance import record
from tests.conformance.foreign_provider import ForeignProvider
from tests.conformance.moved_clock import MovedTime
from tests.conformance.plan import Module, Plan
from tests.conformance.plans import RP_PLANS
from tests.conformance.relying_party import UpstreamRun
from tests.conformance.running import Gateway, running_gateway
from tests.conformance.upstream import EVIL, Upstream, served_upstream

World = tuple[Gateway, Upstream, Upstream]
ROWS = [(plan, module) for plan in RP_PLANS for module in plan.modules]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A gateway that knows an upstream which a row makes right or wrong, one that is evil, and npm's."""
    folder, foreign, ports = tmp_path_factory.mktemp("relying-party"), ForeignProvider(), free_ports()
    address = f"http://127.0.0.1:{ports['GATEWAY']}"
    with served_upstream() as upstream, served_upstream() as evil:
        upstream.time = evil.time = MovedTime(folder / "clock")
        tables = [upstream.settings(), evil.settings(EVIL), *foreign.settings()]
        with foreign.serving(address, folder / "clock", folder / "npm.log"):
            with running_gateway(folder, providers=tables, ports=ports) as gateway:
                yield gateway, upstream, evil


@pytest.mark.parametrize(("plan", "module"), ROWS, ids=[f"{plan.name}-{module.name}" for plan, module in ROWS])
def test_module(both: World, plan: Plan, module: Module) -> None:
    gateway, upstream, evil = both
    record.walk(plan, module, UpstreamRun(gateway, upstream=upstream, evil=evil))
