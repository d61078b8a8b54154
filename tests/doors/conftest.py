"""The site of the tests of the doors, laid out once for each of their modules."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.doors.site import Site, make_site
from tests.keeping import kept


@pytest.fixture(scope="module")
def laid_out(django_db_setup: None, django_db_blocker: Any) -> Iterator[Site]:
    with kept(django_db_blocker):
        yield make_site()


@pytest.fixture
def site(laid_out: Site, db: None, caplog: pytest.LogCaptureFixture) -> Site:
    caplog.set_level("CRITICAL", logger="django.request")
    return laid_out
