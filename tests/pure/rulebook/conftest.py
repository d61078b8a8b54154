import pytest

from lianfang.rulebook import Pack, Rulebook, default


@pytest.fixture(scope="session")
def book() -> Rulebook:
    return default()


@pytest.fixture(scope="session")
def covid(book: Rulebook) -> Pack:
    return book.pack("covid_19_cn_2020")
