import pytest

from tocsin.devnet.config import DevnetConfig, StellarOptions, block_seconds, build_network
from tocsin.devnet.evm.chain import EvmChain, EvmOptions
from tocsin.errors import SettingsError


def test_a_devnet_has_one_network_of_each_family() -> None:
    assert [options.slug for options in DevnetConfig().networks] == ["evm", "stellar"]


def test_evm_options_make_an_evm_chain() -> None:
    network = build_network(EvmOptions(slug="mine"), seed=3)
    assert isinstance(network, EvmChain)
    assert network.slug == "mine"


def test_stellar_options_make_a_stellar_network() -> None:
    assert build_network(StellarOptions(slug="mine"), seed=3).slug == "mine"


def test_a_stellar_network_that_cannot_be_is_refused() -> None:
    with pytest.raises(SettingsError, match="protocol"):
        build_network(StellarOptions(protocol=5), seed=3)


@pytest.mark.parametrize(
    "options", [EvmOptions(block_seconds=7.0), StellarOptions(close_seconds=7)]
)
def test_each_network_has_its_pace(options: EvmOptions | StellarOptions) -> None:
    assert block_seconds(options) == 7


@pytest.mark.parametrize("slug", ["", "a/b", "Evm", "control", "-a", "a" * 64, "a b", "é"])
def test_a_slug_that_is_no_path_is_refused(slug: str) -> None:
    with pytest.raises(SettingsError, match="networks"):
        DevnetConfig(networks=(EvmOptions(slug=slug),))


def test_two_networks_cannot_share_a_slug() -> None:
    with pytest.raises(SettingsError, match="same slug"):
        DevnetConfig(networks=(EvmOptions(), EvmOptions(chain_id=5)))


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_port_that_is_none_is_refused(port: int) -> None:
    with pytest.raises(SettingsError, match="port"):
        DevnetConfig(port=port)


def test_a_devnet_without_networks_is_refused() -> None:
    with pytest.raises(SettingsError, match="at least one"):
        DevnetConfig(networks=())
