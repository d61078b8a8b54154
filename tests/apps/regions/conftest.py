"""The world of the tests, and a folder of their own for indicators."""

import pytest
from tests.world import World, build_world


@pytest.fixture
def world(db) -> World:
    return build_world()


@pytest.fixture(autouse=True)
def regions_folder(tmp_path, settings):
    settings.REGIONS_DIR = str(tmp_path / "regions")
    return tmp_path / "regions"


@pytest.fixture
def supervisor_42(world):
    """A supervisor of the province, who answers for its grades."""
    from datetime import timedelta

    from tests.world import NOON

    from lianfang.core.access.models import Grant, User
    from lianfang.core.access.selectors import actor_for

    user = User(login="sun", name="Sun", unit=world.units["42-nha"])
    user.set_unusable_password()
    user.save()
    place = world.places["42"]
    Grant.objects.create(
        user=user, role="supervisor", place=place, path=place.path, from_at=NOON - timedelta(days=30)
    )
    return actor_for(user, NOON + timedelta(days=17))
