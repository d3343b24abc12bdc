"""Laws of the devnet's own RLP and tries: they agree with the general libraries."""

import rlp
from hypothesis import given
from hypothesis import strategies as st
from trie.hexary import HexaryTrie

from tocsin.devnet.evm.encoding import rlp_bytes, rlp_integer, rlp_list
from tocsin.devnet.evm.roots import ordered_root

values = st.lists(st.binary(min_size=1, max_size=80), max_size=300)


@given(value=st.binary(max_size=70_000))
def test_bytes_encode_as_rlp_says(value: bytes) -> None:
    assert rlp_bytes(value) == rlp.encode(value)


@given(value=st.integers(min_value=0, max_value=2**256 - 1))
def test_integers_encode_as_rlp_says(value: int) -> None:
    assert rlp_integer(value) == rlp.encode(value)


@given(items=st.lists(st.binary(max_size=40), max_size=20))
def test_lists_encode_as_rlp_says(items: list[bytes]) -> None:
    assert rlp_list(*map(rlp_bytes, items)) == rlp.encode(items)


@given(items=values)
def test_an_ordered_root_is_that_of_the_trie(items: list[bytes]) -> None:
    trie = HexaryTrie({})
    for index, item in enumerate(items):
        trie[rlp.encode(index)] = item
    assert ordered_root(items) == trie.root_hash
