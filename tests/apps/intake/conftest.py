import pytest
from tests.apps.intake.importing import Desk, desk_of, grant_everywhere
from tests.world import NOON, World, build_world


@pytest.fixture
def world() -> World:
    return build_world()


@pytest.fixture
def desk(world: World) -> Desk:
    return desk_of(world)


@pytest.fixture
def wide_desk(world: World) -> Desk:
    """A desk at the nation: for files about places outside the small world."""
    grant_everywhere(world, "alice")
    desk = desk_of(world)
    desk.source.unit = world.units["cn-nha"]
    desk.source.save()
    desk.actor = world.actor("alice", NOON)
    return desk
