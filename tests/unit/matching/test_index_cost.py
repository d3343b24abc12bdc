"""What a monitor costs is known when it is saved."""

import pytest

from tests.support.matching import a_condition, a_keyed_monitor, a_layout, a_ref
from tocsin.matching.compiled import compile_monitor
from tocsin.matching.cost import MonitorCost, cost_of
from tocsin.model.activity import ActivityKind
from tocsin.model.interface import ValueType

LAYOUT = a_layout(("n", ValueType.UINT), ("what", ValueType.TEXT))


@pytest.mark.parametrize(
    ("expression", "cost"),
    [
        (None, MonitorCost(2, 0)),
        ("n > 5", MonitorCost(2, 0)),
        ("n == 1 OR n == 2 OR n == 3", MonitorCost(6, 0)),
        ("n == 1 AND what ends_with 'a'", MonitorCost(2, 0)),
        ("what ends_with 'a'", MonitorCost(2, 2)),
        ("n > 5 AND n < 5", MonitorCost(0, 0)),
    ],
)
def test_a_monitor_of_two_contracts_costs_both(expression: str | None, cost: MonitorCost) -> None:
    conditions = [
        a_condition(ActivityKind.EVENT, key, expression, layout=LAYOUT) for key in ("e:1", "e:2")
    ]
    assert cost_of(compile_monitor(a_ref(), a_keyed_monitor(*conditions))) == cost


def test_a_monitor_without_conditions_is_filed_by_its_addresses() -> None:
    compiled = compile_monitor(a_ref(), a_keyed_monitor(addresses=("0xa", "0xb", "0xa")))
    assert cost_of(compiled) == MonitorCost(2, 0)
