"""The site of the tests of the doors."""

import pytest
from tests.doors.site import Site, make_site


@pytest.fixture
def site(db: None, caplog: pytest.LogCaptureFixture) -> Site:
    caplog.set_level("CRITICAL", logger="django.request")
    return make_site()
