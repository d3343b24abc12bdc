"""On a real block, the index finds what asking every monitor about everything finds."""

from collections.abc import Sequence
from itertools import islice

import pytest

from tests.support.evm_blocks import NETWORK_ID as NETWORK
from tests.support.recorded import recorded_file
from tocsin.chains.registry import family_code
from tocsin.cli.bench_populations import POPULATIONS, generate, survey
from tocsin.matching.compiled import CompiledMonitor
from tocsin.matching.engine import match_bundle
from tocsin.matching.plan import MatchPlan
from tocsin.matching.ready import ReadyCondition, ReadyMonitor, ready_monitor
from tocsin.model.activity import Activity, DecodedBundle, DecodedTransaction
from tocsin.model.block import Bundle
from tocsin.model.interface import Argument
from tocsin.model.network import ChainFamily

CODE = family_code(ChainFamily.EVM)
MONITORS = 120
OF_TEXT = 400  # one of a hundred has something to find

_Found = set[tuple[int, str, tuple[tuple[str, ...], ...]]]


@pytest.fixture(scope="module")
def block() -> Bundle:
    parts = {
        name: recorded_file("mainnet", f"reference_M_{name}.json.gz")
        for name in ("block", "receipts")
    }
    return CODE.bundle_from_json(NETWORK, parts)


def texts(arguments: Sequence[Argument]) -> tuple[str, ...]:
    return tuple(each.text for each in arguments)


def holds(condition: ReadyCondition, arguments: Sequence[Argument]) -> bool:
    return condition.predicate is None or condition.predicate(arguments)


def told_of(activity: Activity, monitor: ReadyMonitor) -> tuple[str, ...] | None:
    for condition in monitor.waiting(activity.kind, (activity.key,)):
        arguments = activity.arguments(condition.layout)
        if arguments is not None and holds(condition, arguments):
            return texts(arguments)
    return None


def naive_on(transaction: DecodedTransaction, compiled: CompiledMonitor) -> _Found:
    monitor = ready_monitor(compiled)
    place = (compiled.ref.id.int, transaction.ref.hash)
    if compiled.has_transaction_conditions:
        is_met = bool({*compiled.addresses} & {*transaction.addresses}) and any(
            holds(condition, view)
            for condition in monitor.transactions
            for view in transaction.views()
        )
        return {(*place, ())} if is_met else set()
    told = [told_of(activity, monitor) for activity in transaction.activities]
    found = tuple(each for each in told if each is not None)
    return {(*place, found)} if found else set()


def indexed(bundle: DecodedBundle, monitors: Sequence[CompiledMonitor]) -> _Found:
    return {
        (
            match.monitor.id.int,
            match.transaction.hash,
            tuple(texts(each.arguments) for each in match.reasons.events),
        )
        for match in match_bundle(bundle, MatchPlan(monitors), NETWORK)
    }


@pytest.mark.parametrize("population", list(POPULATIONS))
def test_every_population_matches_set_by_set(population: str, block: Bundle) -> None:
    around = survey(block.parts["block"], block.parts["receipts"])
    count = OF_TEXT if population == "text" else MONITORS
    nearby = {*around.contracts}
    made = (each for _, each in generate(population, 30_000, around, CODE))
    # monitors of contracts that are not in the block have nothing to find
    monitors = list(islice((each for each in made if each.addresses[0] in nearby), count))
    bundle = CODE.decode(block)
    expected: _Found = set()
    for transaction in bundle.transactions:
        for compiled in monitors:
            expected |= naive_on(transaction, compiled)
    assert expected
    assert indexed(CODE.decode(block), monitors) == expected
