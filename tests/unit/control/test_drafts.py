"""Request bodies into drafts."""

import json
from typing import Any
from uuid import UUID

import pytest

from tests.support.api import a_monitor, a_network, a_trigger
from tocsin.control.drafts import (
    NetworkChoice,
    compile_draft,
    pack_compiled,
    parse_monitor_body,
    parse_network_body,
    parse_tenant_network_body,
    parse_trigger_body,
    reissue_compiled,
    set_paused_in,
)
from tocsin.errors import InputError
from tocsin.model.ids import MonitorId, TenantId
from tocsin.model.monitor import MonitorRef
from tocsin.model.network import ChainFamily
from tocsin.openzeppelin.document import Parsed


def a_ref(version: int = 1) -> MonitorRef:
    """Return whose monitor it is."""
    return MonitorRef(id=MonitorId(UUID(int=1)), tenant_id=TenantId(UUID(int=2)), version=version)


def _raw(body: dict[str, Any]) -> bytes:
    return json.dumps(body).encode()


def test_a_network_may_say_where_to_start() -> None:
    assert parse_network_body(_raw(a_network(start_number=9))).draft.start_number == 9


def test_a_network_starts_at_the_head_unless_it_says_so() -> None:
    assert parse_network_body(_raw(a_network(start_number=None))).draft.start_number is None


@pytest.mark.parametrize("count", [0, 1, 12])
def test_confirmations_are_taken_as_written(count: int) -> None:
    parsed = parse_network_body(_raw(a_network(confirmation_blocks=count)))
    assert parsed.draft.confirmation_count == count


@pytest.mark.parametrize("count", [False, 0.0, -1, "0", None])
def test_confirmations_that_only_look_like_none_are_refused(count: object) -> None:
    with pytest.raises(InputError, match=r"^confirmation_blocks: "):
        parse_network_body(_raw(a_network(confirmation_blocks=count)))


def test_a_slug_alone_is_a_choice() -> None:
    assert parse_tenant_network_body(b'{"slug":"a"}') == NetworkChoice(slug="a")


def test_anything_more_is_a_network_of_ones_own() -> None:
    assert isinstance(parse_tenant_network_body(_raw(a_network())), Parsed)


def test_a_trigger_has_its_slug_beside_openzeppelins_members() -> None:
    assert parse_trigger_body(_raw(a_trigger(slug="Ops.1"))).draft.slug == "Ops.1"


def test_a_repeated_key_is_refused_at_every_depth() -> None:
    raw = _raw(a_trigger()).replace(b'"name"', b'"name": "x", "name"', 1)
    with pytest.raises(InputError):
        parse_trigger_body(raw)


def test_a_monitor_compiles_for_each_family_of_its_networks() -> None:
    draft = parse_monitor_body(_raw(a_monitor())).draft
    compiled = compile_draft(a_ref(), draft, frozenset({ChainFamily.EVM})).by_family
    assert set(compiled) == {ChainFamily.EVM}


def test_a_reissued_form_is_what_the_compiler_makes_of_that_version() -> None:
    draft = parse_monitor_body(_raw(a_monitor())).draft
    families = frozenset({ChainFamily.EVM})
    first = pack_compiled(compile_draft(a_ref(1), draft, families).by_family)
    second = pack_compiled(compile_draft(a_ref(2), draft, families).by_family)
    assert reissue_compiled(first, a_ref(2)) == second


def test_a_form_of_another_compiler_is_not_reissued() -> None:
    assert reissue_compiled(pack_compiled({ChainFamily.EVM: b"\x00"}), a_ref()) is None


def test_pausing_changes_nothing_else_of_a_definition() -> None:
    raw = b'{"big": 123456789012345678901234567890.50, "paused": false, "text": "\\u00e9"}'
    paused = set_paused_in(raw, paused=True)
    assert paused == raw.replace(b"false", b"true").replace(b": ", b":").replace(b", ", b",")
