"""JMESPath as an escape hatch: linted, and one value or nothing."""

import pytest

from gateway.connector_runtime.contract.document import Unreadable
from gateway.connector_runtime.mapping.expression import ExpressionRefused, compile_expression

RECORD = {"papers": [{"kind": "a", "no": "1"}, {"kind": "b", "no": "2"}, {"kind": "b", "no": "3"}], "name": "x"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("papers[?kind=='a'].no", "1"),
        ("papers[?kind=='z'].no", None),
        ("not_null(missing, name)", "x"),
        ("max_by(papers, &no).no", "3"),
        ("missing.deeper", None),
    ],
)
def test_an_expression_gives_one_value(text: str, value: str | None) -> None:
    assert compile_expression(text)(RECORD) == value


@pytest.mark.parametrize("text", ["papers[?kind=='b'].no", "papers", "@", "papers[].{n: no}", "max_by(name, &no)"])
def test_several_values_structures_and_failures_are_garbled(text: str) -> None:
    with pytest.raises(Unreadable):
        compile_expression(text)(RECORD)


DOUBLING = "@" + "".join(" | [@, @][]" for _ in range(18))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (DOUBLING, "flattens|levels"),
        ("[[papers][], [papers][]][]", "flattens"),
        ("papers[0].no", "no position"),
        ("papers[-1].no", "no position"),
        ("papers[:1].no", "no position"),
        ("keys(@)", "`keys` is not one of"),
        ("a" * 2001, "2000 characters"),
        ("not_null(" * 20 + "name" + ")" * 20, "levels deep"),
        ("@" + " | [@, @]" * 20 + " | to_string(@)", "levels deep|`to_string`"),
        ("name | join('', [@, @])", "`join` is not one of"),
        ("papers[", "not JMESPath"),
    ],
)
def test_what_may_not_run_is_refused_before_it_runs(text: str, why: str) -> None:
    with pytest.raises(ExpressionRefused, match=why):
        compile_expression(text)
