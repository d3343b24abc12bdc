"""Laws of matching: as the simplest evaluator would, whatever the order and history of a plan."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from tests.support.matching import (
    NETWORK,
    HandMadeActivity,
    HandMadeTransaction,
    a_block,
    a_condition,
    a_keyed_monitor,
    a_ref,
)
from tocsin.matching.compiled import compile_monitor, decode_compiled, encode_compiled
from tocsin.matching.engine import match_bundle
from tocsin.matching.plan import MatchPlan
from tocsin.model.activity import ActivityKind, TransactionStatus
from tocsin.model.match import Match
from tocsin.model.monitor import KeyedMonitor, StatusFilter

ADDRESSES = ("0xa", "0xb", "0xc")
NAMES = ("x", "y")


@dataclass(frozen=True)
class Condition:
    """A condition as written: a name for events and calls, and a threshold or none."""

    kind: ActivityKind
    name: str
    above: int | None
    status: StatusFilter


@dataclass(frozen=True)
class Wish:
    """A monitor as written."""

    number: int
    gated: bool
    addresses: tuple[str, ...]
    conditions: tuple[Condition, ...]

    def of_kind(self, kind: ActivityKind) -> list[Condition]:
        return [condition for condition in self.conditions if condition.kind is kind]


conditions = st.builds(
    Condition,
    kind=st.sampled_from(ActivityKind),
    name=st.sampled_from(NAMES),
    above=st.none() | st.integers(0, 3),
    status=st.sampled_from(StatusFilter),
)
wishes = st.lists(
    st.builds(
        Wish,
        number=st.integers(1, 50),
        gated=st.booleans(),
        addresses=st.lists(st.sampled_from(ADDRESSES), unique=True).map(tuple),
        conditions=st.lists(conditions, max_size=4).map(tuple),
    ),
    max_size=6,
    unique_by=lambda wish: wish.number,
)


def key(kind: ActivityKind, address: str, name: str) -> str:
    return f"{kind}:{address}:{name}"


happenings = st.lists(
    st.tuples(
        st.sampled_from([ActivityKind.FUNCTION, ActivityKind.EVENT]),
        st.sampled_from(ADDRESSES),
        st.sampled_from(NAMES),
        st.integers(0, 4),
    ),
    max_size=4,
)


@st.composite
def transactions(draw: st.DrawFn) -> list[HandMadeTransaction]:
    made = []
    for index in range(draw(st.integers(0, 3))):
        found = sorted(draw(happenings), key=lambda each: each[0] is ActivityKind.EVENT)
        sender = draw(st.sampled_from([*ADDRESSES, "0xd"]))
        made.append(
            HandMadeTransaction(
                index=index,
                status=draw(st.sampled_from(TransactionStatus)),
                activities=[
                    HandMadeActivity(kind=kind, key=key(kind, address, name), values=(value,))
                    for kind, address, name, value in found
                ],
                addresses=[sender, *(address for _, address, _, _ in found)],
                fields=[(value, sender) for value in draw(st.lists(st.integers(0, 4), max_size=2))],
            )
        )
    return made


def keyed(wish: Wish) -> KeyedMonitor:
    made = []
    for kind in ActivityKind:
        variable = "value" if kind is ActivityKind.TRANSACTION else "v"
        for ordinal, each in enumerate(wish.of_kind(kind)):
            expression = None if each.above is None else f"{variable} > {each.above}"
            if kind is ActivityKind.TRANSACTION:
                made.append(a_condition(kind, "", expression, ordinal=ordinal, status=each.status))
            else:
                made.extend(
                    a_condition(kind, key(kind, address, each.name), expression, ordinal=ordinal)
                    for address in wish.addresses
                )
    return a_keyed_monitor(
        *made,
        addresses=wish.addresses,
        gated=wish.gated,
        has={kind: bool(wish.of_kind(kind)) for kind in ActivityKind},
    )


def naive_matches(
    wish: Wish, transaction: HandMadeTransaction
) -> tuple[list[str], list[str], list[str]] | None:
    """Return the expressions reported for calls, events and the transaction, or None.

    Written from the combination table alone.
    """
    found: dict[ActivityKind, list[str]] = {kind: [] for kind in ActivityKind}
    for activity in transaction.activities:
        assert isinstance(activity, HandMadeActivity)
        for each in wish.of_kind(activity.kind):
            keys = {key(activity.kind, address, each.name) for address in wish.addresses}
            if activity.key in keys and _above(activity.values[0], each.above):
                found[activity.kind].append(str(each.above))
                break
    for each in wish.of_kind(ActivityKind.TRANSACTION):
        fits = each.status is StatusFilter.ANY or each.status.value == transaction.status.value
        holds = each.above is None or any(
            _above(fields[0], each.above) for fields in transaction.fields
        )
        if fits and holds:
            found[ActivityKind.TRANSACTION].append(str(each.above))
            break
    return _combined(wish, transaction, found)


def _above(value: object, threshold: int | None) -> bool:
    return threshold is None or (isinstance(value, int) and value > threshold)


def _combined(
    wish: Wish, transaction: HandMadeTransaction, found: dict[ActivityKind, list[str]]
) -> tuple[list[str], list[str], list[str]] | None:
    has = {kind: bool(wish.of_kind(kind)) for kind in ActivityKind}
    activities = found[ActivityKind.EVENT] or found[ActivityKind.FUNCTION]
    if (has[ActivityKind.EVENT] or has[ActivityKind.FUNCTION]) and not activities:
        return None
    if has[ActivityKind.TRANSACTION] and not found[ActivityKind.TRANSACTION]:
        return None
    if wish.gated and not set(wish.addresses) & set(transaction.addresses):
        return None
    return (
        found[ActivityKind.FUNCTION],
        found[ActivityKind.EVENT],
        found[ActivityKind.TRANSACTION],
    )


def plan_of(wanted: Sequence[Wish]) -> MatchPlan:
    return MatchPlan(compile_monitor(a_ref(wish.number), keyed(wish)) for wish in wanted)


def found_by(plan: MatchPlan, block: list[HandMadeTransaction]) -> list[Match]:
    return list(match_bundle(a_block(*block), plan, NETWORK))


def _shown(expression: str | None) -> str:
    return "None" if expression is None else expression.split()[-1]


@given(wishes, transactions())
def test_a_plan_finds_what_the_naive_evaluator_finds(
    wanted: list[Wish], block: list[HandMadeTransaction]
) -> None:
    found = {
        (match.transaction.index, match.monitor.id.int): (
            [_shown(reason.expression) for reason in match.reasons.functions],
            [_shown(reason.expression) for reason in match.reasons.events],
            [_shown(reason.expression) for reason in match.reasons.transactions],
        )
        for match in found_by(plan_of(wanted), block)
    }
    expected = {
        (transaction.index, wish.number): reported
        for transaction in block
        for wish in wanted
        if (reported := naive_matches(wish, transaction)) is not None
    }
    assert found == expected


@given(wishes, transactions(), st.randoms(use_true_random=False))
def test_the_order_in_which_monitors_came_does_not_matter(
    wanted: list[Wish], block: list[HandMadeTransaction], chance: Random
) -> None:
    shuffled = chance.sample(wanted, len(wanted))
    assert found_by(plan_of(wanted), block) == found_by(plan_of(shuffled), block)


@given(wishes, wishes, transactions())
def test_monitors_that_came_and_went_leave_no_trace(
    wanted: list[Wish], passing: list[Wish], block: list[HandMadeTransaction]
) -> None:
    plan = plan_of(passing)
    for wish in wanted:
        plan.add(compile_monitor(a_ref(wish.number), keyed(wish)))
    for wish in passing:
        if wish.number not in {kept.number for kept in wanted}:
            plan.remove(a_ref(wish.number).id)
    assert found_by(plan, block) == found_by(plan_of(wanted), block)
    assert plan.monitors == len(wanted)


@given(wishes, transactions())
def test_stored_monitors_match_as_fresh_ones_do(
    wanted: list[Wish], block: list[HandMadeTransaction]
) -> None:
    stored = [
        decode_compiled(encode_compiled(compile_monitor(a_ref(wish.number), keyed(wish))))
        for wish in wanted
    ]
    plan = MatchPlan(compiled for compiled in stored if compiled is not None)
    assert found_by(plan, block) == found_by(plan_of(wanted), block)
