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
