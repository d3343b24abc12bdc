"""The compiled token that the tests deploy is what its source says."""

from tests.e2e.contracts.compile import ARTEFACT, compiled


def test_the_kept_artefact_is_what_the_compiler_makes_of_the_source() -> None:
    assert compiled() == ARTEFACT.read_text()
