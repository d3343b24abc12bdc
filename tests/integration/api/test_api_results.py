"""Matches and deliveries as they are read."""

from datetime import timedelta

from tests.support.api import RunningApi, open_database
from tests.support.found import NOON, store_found
from tocsin.storage.migrate import DatabaseUrls


async def test_a_match_comes_with_its_transaction_and_deliveries(
    api: RunningApi, database_urls: DatabaseUrls
) -> None:
    owner = await api.create_tenant("acme")
    _, monitor = await api.configure("acme", owner)
    async with open_database(database_urls.loops) as loops:
        found = await store_found(loops, "acme", document=b'{"value":12345678901234567890123}')
    path = f"/tenants/acme/matches/{found.match_id}"
    match = (await api.expect(200, "GET", path, key=owner)).json()
    assert (match["monitor"], match["network"]) == ("Large transfers", "testnet")
    assert match["monitor_id"] == monitor
    assert match["transaction"] == {"value": 12345678901234567890123}
    assert match["reasons"]["matched_on"] == {"events": []}
    (delivery,) = match["deliveries"]
    assert [attempt["status_code"] for attempt in delivery["attempts"]] == [503]


async def test_a_delivery_comes_with_its_tries(
    api: RunningApi, database_urls: DatabaseUrls
) -> None:
    owner = await api.create_tenant("acme")
    await api.configure("acme", owner)
    async with open_database(database_urls.loops) as loops:
        found = await store_found(loops, "acme")
    path = f"/tenants/acme/deliveries/{found.delivery_id}"
    delivery = (await api.expect(200, "GET", path, key=owner)).json()
    assert (delivery["trigger"], delivery["destination"]) == ("on_call", "hooks.example.org")
    assert (delivery["status"], delivery["attempts"][0]["outcome"]) == ("ready", "later")


async def test_matches_are_walked_newest_first(
    api: RunningApi, database_urls: DatabaseUrls
) -> None:
    owner = await api.create_tenant("acme")
    await api.configure("acme", owner)
    async with open_database(database_urls.loops) as loops:
        for number in range(1, 6):
            await store_found(loops, "acme", number=number)
    numbers: list[int] = []
    cursor = ""
    for _ in range(3):
        page = await api.expect(200, "GET", f"/tenants/acme/matches?limit=2{cursor}", key=owner)
        numbers += [item["block_number"] for item in page.json()["items"]]
        cursor = f"&cursor={page.json()['next_cursor']}"
    assert numbers == [5, 4, 3, 2, 1]


async def test_matches_and_deliveries_are_filtered(
    api: RunningApi, database_urls: DatabaseUrls
) -> None:
    owner = await api.create_tenant("acme")
    _, monitor = await api.configure("acme", owner)
    async with open_database(database_urls.loops) as loops:
        found = await store_found(loops, "acme")
    counts = {}
    for target in (
        f"matches?monitor={monitor}&network=testnet&status=active",
        "matches?status=retracted",
        "matches?network=other",
        f"deliveries?match={found.match_id}&status=ready",
        "deliveries?status=dead",
    ):
        page = await api.expect(200, "GET", f"/tenants/acme/{target}", key=owner)
        counts[target.partition("=")[2]] = len(page.json()["items"])
    assert list(counts.values()) == [1, 0, 0, 1, 0]


async def test_matches_outlive_their_monitor(api: RunningApi, database_urls: DatabaseUrls) -> None:
    owner = await api.create_tenant("acme")
    _, monitor = await api.configure("acme", owner)
    async with open_database(database_urls.loops) as loops:
        await store_found(loops, "acme")
    await api.expect(204, "DELETE", f"/tenants/acme/monitors/{monitor}", key=owner)
    page = (await api.expect(200, "GET", "/tenants/acme/matches", key=owner)).json()
    assert [item["block_time"] for item in page["items"]] == [
        (NOON + timedelta(seconds=1)).isoformat().replace("+00:00", "Z")
    ]
