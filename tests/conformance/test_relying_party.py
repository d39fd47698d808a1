"""Every module of the relying-party plans: a running gateway between its own client and an upstream that misbehaves."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack

import pytest

from gateway.cli.demo import free_ports
from tests.conformance import record
from tests.conformance.fapi_upstream import SIGNED, STRICT, FapiUpstream
from tests.conformance.foreign_provider import ForeignProvider
from tests.conformance.moved_clock import MovedTime
from tests.conformance.plan import Module, Plan
from tests.conformance.plans import RP_PLANS
from tests.conformance.relying_party import UpstreamRun
from tests.conformance.running import Gateway, running_gateway
from tests.conformance.upstream import ALIAS, EVIL, Upstream, served_upstream

World = tuple[Gateway, Mapping[str, Upstream]]
ROWS = [(plan, module) for plan in RP_PLANS for module in plan.modules]
BEHIND = {
    "fapi2-security-profile-final-client-test-plan": STRICT,
    "fapi2-message-signing-final-client-test-plan": SIGNED,
    "gate06-relying-party-fapi2": STRICT,
}
"""The upstream of a plan that has one of its own."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A gateway that knows upstreams which a row makes right or wrong, one that is evil, and npm's."""
    folder, foreign, ports = tmp_path_factory.mktemp("relying-party"), ForeignProvider(), free_ports()
    address, clock = f"http://127.0.0.1:{ports['GATEWAY']}", folder / "clock"
    with ExitStack() as stack:
        kinds = {ALIAS: Upstream, EVIL: Upstream, STRICT: FapiUpstream, SIGNED: FapiUpstream}
        upstreams = {alias: stack.enter_context(served_upstream(kind)) for alias, kind in kinds.items()}
        for alias, upstream in upstreams.items():
            upstream.time = MovedTime(clock)
            if isinstance(upstream, FapiUpstream):
                upstream.keys_at, upstream.signed = f"{address}/jwks", alias == SIGNED
        tables = [upstream.settings(alias) for alias, upstream in upstreams.items()]
        stack.enter_context(foreign.serving(address, clock, folder / "npm.log"))
        providers = [*tables, *foreign.settings()]
        yield stack.enter_context(running_gateway(folder, providers=providers, ports=ports)), upstreams


@pytest.mark.parametrize(("plan", "module"), ROWS, ids=[f"{plan.name}-{module.name}" for plan, module in ROWS])
def test_module(world: World, plan: Plan, module: Module) -> None:
    gateway, upstreams = world
    alias = BEHIND.get(plan.name, ALIAS)
    run = UpstreamRun(gateway, upstream=upstreams[alias], evil=upstreams[EVIL], alias=alias)
    record.walk(plan, module, run)
