"""Steps that every intake test takes: a source, a file sent, mapped and accepted as alice, the county epidemiologist."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.world import NOON, World

from lianfang.core.access.models import Grant
from lianfang.core.access.permissions import Role
from lianfang.core.registry.models import Level, Place
from lianfang.intake.models import Batch, Source
from lianfang.intake.services import accept_batch, confirm_mapping, propose_mapping, receive_file
from lianfang.intake.services.applying import Report

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass
class Desk:
    """The one who imports, and from where."""

    world: World
    source: Source
    actor: Any

    def receive(
        self, content: bytes | Path, target: str = "", name: str = "file.csv", at: datetime = NOON
    ) -> Batch:
        data = content.read_bytes() if isinstance(content, Path) else content
        return receive_file(
            content=data, name=name, source=self.source, by=self.actor, at=at, target=target
        ).batch

    def confirm(self, batch: Batch, at: datetime = NOON, drop: tuple[str, ...] = (), **options: Any) -> None:
        plan = propose_mapping(batch=batch, by=self.actor, at=at)
        columns = {column: field for column, field in plan.columns.items() if column not in drop}
        merged: Mapping[str, Any] = {**plan.options, **options}
        if "defaults" in options:
            merged = {**merged, "defaults": {**plan.options.get("defaults", {}), **options["defaults"]}}
        confirm_mapping(
            batch=batch, columns=columns, options=merged, by=self.actor, at=at, target=plan.target
        )
        batch.refresh_from_db()

    def take(
        self, content: bytes | Path, target: str = "", at: datetime = NOON, **options: Any
    ) -> tuple[Batch, Report]:
        batch = self.receive(content, target=target, at=at)
        self.confirm(batch, at=at, **options)
        report = accept_batch(batch=batch, by=self.actor, at=at)
        batch.refresh_from_db()
        return batch, report


def desk_of(world: World) -> Desk:
    source = Source.objects.create(code="county-file", name="County file", unit=world.units["420106-cdc"])
    return Desk(world, source, world.actor("alice"))


def grant_everywhere(world: World, *names: str) -> None:
    for name in names:
        Grant.objects.create(
            user=world.users[name],
            role=Role.EPIDEMIOLOGIST,
            place=world.places["CN"],
            path="CN.",
            from_at=NOON.replace(year=2000),
        )


def load_places(*paths: tuple[str, ...], root: Place) -> dict[str, Place]:
    """Make places from tuples of names below `root`: province, county, township."""
    made: dict[str, Place] = {}
    levels = (Level.PROVINCE, Level.COUNTY, Level.TOWNSHIP)
    for names in paths:
        above = root
        for level, name in zip(levels, names, strict=False):
            code = f"X{abs(hash((above.code, name))) % 10**8}"
            found = Place.objects.filter(parent=above, name=name).first()
            above = found or Place.objects.create(
                code=code, name=name, level=level, parent=above, path=f"{above.path}{code}."
            )
            made[name] = above
    return made
