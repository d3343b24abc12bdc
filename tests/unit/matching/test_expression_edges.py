"""What of the expression language only odd expressions reach."""

import pytest

from tocsin.errors import ExpressionSyntaxError
from tocsin.matching.expression.parser import parse_expression
from tocsin.matching.expression.samples import Sample, Unmade, evaluate_samples
from tocsin.matching.expression.values import Dialect, Fault


@pytest.mark.parametrize("text", ["value > 2 * fee", "value > $fee + to", "value > (1 + to)"])
def test_a_parameter_without_a_dollar_is_no_number(text: str) -> None:
    with pytest.raises(ExpressionSyntaxError, match=r"a parameter with \$ before its name"):
        parse_expression(text)


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("(1)", Fault.PARSE),  # the original reads JSON, which this is not
        ("[1]", Fault.TYPE),
    ],
)
def test_a_part_of_a_tuple_that_cannot_be_compared_fails_as_in_the_original(
    value: str, fault: Fault
) -> None:
    samples = [Sample("v", "tuple", value)]
    found = evaluate_samples(parse_expression("v[0] == true"), Dialect.EVM, samples)
    assert isinstance(found, Unmade)
    assert (found.fault, found.column) == (fault, 9)
