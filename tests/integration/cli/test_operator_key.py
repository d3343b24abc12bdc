"""The operator's keys, managed by whoever has the database."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from psycopg.conninfo import conninfo_to_dict

from tests.support.api import open_database
from tocsin.cli.main import cli
from tocsin.control.api_keys import authenticate
from tocsin.embedded.directory import claim_data_dir
from tocsin.embedded.postgres import PostgresAddress
from tocsin.errors import NotAuthenticatedError, NotFoundError, SettingsError
from tocsin.model.tenant import Role
from tocsin.storage.migrate import DatabaseUrls

KEY = re.compile(r"tsn_([0-9a-f]{16})_[0-9a-f]{72}")


@pytest.fixture
def environment(postgres_address: PostgresAddress, database_urls: DatabaseUrls) -> dict[str, str]:
    """Give the one setting that the command needs."""
    parts = conninfo_to_dict(database_urls.api)
    url = postgres_address.url(
        str(parts["dbname"]), user=str(parts["user"]), password=str(parts["password"])
    )
    return {"TOCSIN_DATABASE__API_URL": url}


def run(environment: dict[str, str], *arguments: str) -> Result:
    return CliRunner(env=environment).invoke(cli, ["operator-key", *arguments])


def make(environment: dict[str, str], *arguments: str) -> tuple[str, str]:
    """Make a key; return it and its id."""
    made = run(environment, "new", *arguments)
    found = KEY.fullmatch(made.output.strip())
    assert found is not None, made.output
    return found[0], found[1]


def test_keys_are_made_listed_and_revoked(environment: dict[str, str]) -> None:
    _, lost = make(environment)
    _, kept = make(environment, "--name", "on call")
    assert run(environment, "revoke", lost).exit_code == 0
    first, second = run(environment, "list").output.splitlines()
    assert re.fullmatch(rf"{lost}  made \S+Z  revoked \S+Z  operator", first)
    assert re.fullmatch(rf"{kept}  made \S+Z  works  on call", second)


def test_a_list_shows_no_secret(environment: dict[str, str]) -> None:
    key, _ = make(environment)
    assert key[21:40] not in run(environment, "list").output


def test_a_key_of_nobody_is_not_found(environment: dict[str, str]) -> None:
    for key_id in ("0" * 16, "nonsense", ""):
        assert isinstance(run(environment, "revoke", key_id).exception, NotFoundError)


def test_the_embedded_database_has_its_keys_too(data_dir: Path) -> None:
    where = ("--data-dir", str(data_dir))
    _, key_id = make({}, *where)
    assert key_id in run({}, "list", *where).output


def test_a_running_installations_data_are_left_alone(data_dir: Path) -> None:
    with claim_data_dir(data_dir):
        refused = run({}, "list", "--data-dir", str(data_dir))
    assert isinstance(refused.exception, SettingsError)


@pytest.fixture
def made_key(environment: dict[str, str]) -> tuple[str, str]:
    return make(environment)


@pytest.fixture
def revoked_key(environment: dict[str, str]) -> str:
    key, key_id = make(environment)
    run(environment, "revoke", key_id)
    return key


async def test_a_key_opens_the_api_until_it_is_revoked(
    made_key: tuple[str, str], revoked_key: str, database_urls: DatabaseUrls
) -> None:
    async with open_database(database_urls.api) as database:
        assert (await authenticate(database, made_key[0])).role is Role.OPERATOR
        with pytest.raises(NotAuthenticatedError):
            await authenticate(database, revoked_key)
