"""Every module of every plan, against one running gateway (two programs, real HTTP), under the suite's own names."""

from collections.abc import Iterator

import pytest

from tests.conformance import record
from tests.conformance.backchannel import listening_client
from tests.conformance.fapi_client import fapi_clients
from tests.conformance.plan import Module, Plan, Run
from tests.conformance.plans import OP_PLANS, PLANS, TO_COME
from tests.conformance.running import Gateway, running_gateway

ROWS = [(plan, module) for plan in OP_PLANS for module in plan.modules]


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """The gateway of all rows."""
    folder = tmp_path_factory.mktemp("conformance")
    with (
        listening_client() as told,
        running_gateway(folder, portals=[*fapi_clients("query", "jar", "jarm"), told]) as running,
    ):
        yield running


@pytest.mark.parametrize(("plan", "module"), ROWS, ids=[f"{plan.name}-{module.name}" for plan, module in ROWS])
def test_module(gateway: Gateway, plan: Plan, module: Module) -> None:
    record.walk(plan, module, Run(gateway, plan.mode))


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.name)
def test_a_plan_has_as_many_modules_as_the_suite_lists(plan: Plan) -> None:
    names = [module.name for module in plan.modules]
    assert len(set(names)) == len(names) == plan.count
    assert plan.name not in TO_COME


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.name)
def test_what_is_kept_is_of_modules_that_exist(plan: Plan) -> None:
    seen = record.load(plan.name)
    assert set(seen) == {module.name for module in plan.modules}
    assert [name for name, row in seen.items() if not row["steps"]] == [], "a row that says nothing shows nothing"
