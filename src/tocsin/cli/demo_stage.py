"""The demo's stage: devnet, Tocsin and receiver running, two tenants set up through the API."""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from tocsin.cli.demo_api import DevnetControl, RestApi, authorization
from tocsin.cli.demo_children import Child, ChildOrder, DemoError, free_port, running
from tocsin.cli.demo_screen import Surroundings
from tocsin.cli.demo_tenants import (
    CHAIN_ID,
    EVM_BLOCK_SECONDS,
    STELLAR_CLOSE_SECONDS,
    TENANTS,
    create_networks,
    create_tenant,
)
from tocsin.cli.receiver import HOST, Receiver

OPERATOR = "operator"
START_SECONDS = 60.0

_DEVNET_SAYS = {"url": re.compile(r"^control +(http://\S+)/control/networks")}
_UP_SAYS = {
    "api": re.compile(r"^ *API +(http://\S+)"),
    "metrics": re.compile(r"^ *metrics +(http://\S+)"),
    "key": re.compile(r"operator key.*(tsn_\w+)"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StageOrder:
    """Where to work, where messages go, and the Unix time in seconds at which chains begin."""

    directory: Path
    receiver: Receiver
    genesis_time: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Everything running; ``keys`` are owners' API keys by tenant."""

    session: aiohttp.ClientSession
    api: RestApi
    devnet: DevnetControl
    metrics_url: str
    children: tuple[Child, ...]
    keys: dict[str, str]
    surroundings: Surroundings


@asynccontextmanager
async def open_stage(order: StageOrder) -> AsyncIterator[Stage]:
    """Start everything and set it up; stop it all at the end.

    Raises:
        DemoError: a part of it ended or refused.
    """
    devnet_port = free_port()  # ahead, for Tocsin must be allowed to connect to it
    devnet_order = _devnet_order(order, devnet_port)
    up_order = _up_order(order, devnet_port)
    async with (
        aiohttp.ClientSession() as session,
        running(devnet_order) as devnet,  # started together, for they take equally long
        running(up_order) as up,
    ):
        devnet_said, up_said = await _wait_until_ready(devnet, up)
        api = RestApi(session, up_said["api"])
        await create_networks(api, up_said["key"], devnet_said["url"])
        keys = await _create_tenants(api, up_said["key"], order.receiver)
        yield Stage(
            session=session,
            api=api,
            devnet=DevnetControl(session, devnet_said["url"]),
            metrics_url=up_said["metrics"],
            children=(devnet, up),
            keys=keys,
            surroundings=Surroundings(
                api_url=up_said["api"],
                devnet_url=devnet_said["url"],
                log_path=up_order.log_path,
                header_paths={
                    name: _write_header(order.directory / f"{name}.header", key)
                    for name, key in {OPERATOR: up_said["key"], **keys}.items()
                },
            ),
        )


async def _wait_until_ready(devnet: Child, up: Child) -> tuple[dict[str, str], dict[str, str]]:
    try:
        async with asyncio.timeout(START_SECONDS):
            return await devnet.read_until(_DEVNET_SAYS), await up.read_until(_UP_SAYS)
    except TimeoutError as cause:
        raise DemoError(f"not everything was up within {START_SECONDS:g} s") from cause


def _devnet_order(order: StageOrder, port: int) -> ChildOrder:
    return ChildOrder(
        arguments=(
            "devnet",
            f"--host={HOST}",
            f"--port={port}",
            f"--block-time={EVM_BLOCK_SECONDS}",
            f"--close-time={STELLAR_CLOSE_SECONDS}",
            f"--chain-id={CHAIN_ID}",
            f"--genesis-time={order.genesis_time}",
        ),
        variables={},
        log_path=order.directory / "devnet.log",
    )


def _up_order(order: StageOrder, devnet_port: int) -> ChildOrder:
    allowed = (order.receiver.address, f"{HOST}:{devnet_port}")
    return ChildOrder(
        arguments=("up", f"--data-dir={order.directory / 'data'}", "--port=0"),
        variables={
            "TOCSIN_EGRESS__ALLOW": ",".join(allowed),
            "TOCSIN_TELEMETRY__METRICS_PORT": "0",
            "TOCSIN_TELEMETRY__LOG_FORMAT": "console",
        },
        log_path=order.directory / "tocsin.log",
    )


async def _create_tenants(api: RestApi, operator_key: str, receiver: Receiver) -> dict[str, str]:
    made = await asyncio.gather(
        *(
            create_tenant(api, operator_key, tenant, receiver.url_for(tenant.slug), receiver.expect)
            for tenant in TENANTS
        )
    )
    return dict(zip((tenant.slug for tenant in TENANTS), made, strict=True))


def _write_header(path: Path, key: str) -> Path:
    """Write a key as the header that ``curl -H @file`` sends, for its owner's eyes only."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.writelines(f"{name}: {value}\n" for name, value in authorization(key).items())
    return path
