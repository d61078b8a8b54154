"""What every test may use: the shared reference data, found once, skipped with a reason where absent."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
_OF_THE_DATABASE = {"db", "transactional_db", "django_db_setup", "databases"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database-only",
        action="store_true",
        help="leave out what needs no database, or shows the same on any (marker any_database)",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With --database-only, keep the tests whose outcome the database can decide: CI asks them on PostgreSQL again."""
    if not config.getoption("database_only"):
        return
    left_out = [item for item in items if not _asks_the_database(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if _asks_the_database(item)]


def _asks_the_database(item: pytest.Item) -> bool:
    if item.get_closest_marker("any_database"):
        return False
    fixtures = set(getattr(item, "fixturenames", ()))
    return item.get_closest_marker("django_db") is not None or bool(fixtures & _OF_THE_DATABASE)


def shared_data_folder() -> Path:
    return Path(os.environ.get("LIANFANG_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    folder = shared_data_folder()
    if not folder.is_dir():
        pytest.skip(f"reference data not found at {folder}; set LIANFANG_SHARED_DATA to run this test")
    return folder


@pytest.fixture(scope="session", autouse=True)
def _visits_of_the_tests(tmp_path_factory):
    """No test touches the visits of a site that runs from the same folder."""
    from django.conf import settings

    settings.VISITS_DIR = tmp_path_factory.mktemp("visits") / "visits"


@pytest.fixture(scope="session", autouse=True)
def _emptying_append_only_tables():
    """Transactional tests empty all tables afterwards; tables that only grow let that happen here and nowhere else."""
    from django.db import connections
    from django.test import TransactionTestCase

    from lianfang.core.audit.append_only import lifted

    empty = TransactionTestCase._fixture_teardown

    def lift_and_empty(case):
        with lifted(connections["default"].alias):
            empty(case)

    TransactionTestCase._fixture_teardown = lift_and_empty
    yield
    TransactionTestCase._fixture_teardown = empty


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """The scratch tables of the loop are there before the first test.

    Made within the transaction of a test, they change the schema there, and SQLite reads all of it anew after each
    savepoint that is rolled back: 6 ms for each request of the matrix.
    """
    from django.db import connection

    from lianfang.loop.reconcile import queue, statements

    with django_db_blocker.unblock(), connection.cursor() as cursor:
        for statement in (queue.SCRATCH, *statements.SCRATCH):
            cursor.execute(statement)


@pytest.fixture(scope="session", autouse=True)
def _no_nights(tmp_path_factory):
    """The night's work on all areas is done where a test asks for it, and never in the folder of a site."""
    from django.conf import settings

    settings.REGIONS_HOUR = 24
    settings.REGIONS_DIR = str(tmp_path_factory.mktemp("regions"))
