"""Connectors are listed as a Vietnamese dictionary lists their names, versions by number."""

from gateway.connector_lifecycle.impact import PortalUse, find_impact
from gateway.connector_lifecycle.orders import DraftOrder
from gateway.connector_lifecycle.release import Release
from gateway.connector_lifecycle.steps import draft
from gateway.connector_lifecycle.wire import by_name, connector_rows
from gateway.policy.bundle import PolicyBundle
from tests.connector_lifecycle.conftest import OWNER
from tests.connector_lifecycle.samples import manifest_text
from tests.connector_lifecycle.test_steps import FACTS


def handed_in(connector: str, name: str, number: str = "1.0.0") -> Release:
    text = manifest_text(number, connector=f"{connector}-book")
    marked = text.replace(_name_line(text), f'vi = "{name}"', 1)
    return draft(None, OWNER, DraftOrder(manifest=marked), FACTS).release


def _name_line(text: str) -> str:
    part = text[text.index("[name]") :]
    return next(line for line in part.splitlines() if line.startswith("vi = "))


def test_connectors_are_in_the_order_of_their_names() -> None:
    names = {"a": "Đất đai", "b": "Ăn ở", "c": "Dân cư", "d": "Anh hùng", "e": "Doanh nghiệp"}
    releases = [handed_in(connector, name) for connector, name in names.items()]
    releases += [handed_in("b", "Ăn ở", "10.0.0"), handed_in("b", "Ấp xóm", "2.0.0")]
    ordered = by_name(reversed(releases))
    assert [(one.connector[0], one.manifest.version) for one in ordered] == [
        ("d", "1.0.0"),
        ("b", "1.0.0"),
        ("b", "2.0.0"),
        ("b", "10.0.0"),
        ("c", "1.0.0"),
        ("e", "1.0.0"),
        ("a", "1.0.0"),
    ]
    assert [row["connector"][0] for row in connector_rows(releases)] == ["d", "b", "c", "e", "a"]


def test_portals_that_would_miss_a_source_are_in_the_order_of_their_names() -> None:
    names = {"1": "Đà Bắc", "2": "Ăn ở", "3": "Da Bac", "4": "Anh Đức"}
    every = frozenset({"1.004222"})
    portals = [PortalUse(client_id=key, name={"vi": name}, procedures=every) for key, name in names.items()]
    impact = find_impact(handed_in("x", "Sổ"), frozenset({"population"}), PolicyBundle.load(), portals, None)
    assert [one.client_id for one in impact.portals] == ["4", "2", "3", "1"]
