"""The stage of a history: a small world at a moment, dice with a seed, and the form of a story."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.world import NOON, World, a_person, build_world

from lianfang.cases import services as cases
from lianfang.cases.models import Case
from lianfang.core.access.actor import Actor
from lianfang.core.rules import site_rules
from lianfang.loop.touch import touch

DISEASE = "covid_19_cn_2020"
COUNTIES = ("420106", "420107")
HOMES = ("420106001001", "420106002", "420107001")
HOUR = timedelta(hours=1)
SPECIMEN = min(site_rules().vocabulary["specimens"])
TEST = next(word for word in sorted(site_rules().vocabulary["tests"]) if "pcr" in word)


@dataclass
class Stage:
    """The small world at a moment, an actor who may do everything, and dice with a seed."""

    world: World
    dice: random.Random
    at: datetime = NOON
    by: Actor = field(default_factory=lambda: Actor.system("history"))

    def any(self, model: type, **wanted: object) -> Any:
        rows = list(model.objects.filter(**wanted).order_by("pk"))
        return self.dice.choice(rows) if rows else None

    def moment(self) -> datetime:
        """A moment of the last two days."""
        return self.at - self.dice.randrange(48) * HOUR / 2

    def person(self) -> Any:
        return a_person(self.world, self.dice.choice(HOMES), self.at)

    def noted(self, model: type, pk: int) -> int:
        touch(model, [pk], at=self.at)
        return pk


Step = Callable[["Stage"], Any]


def a_stage(seed: int = 0) -> Stage:
    return Stage(build_world(), random.Random(seed))


@dataclass(frozen=True)
class Story:
    """`owe` makes the duty owed once and returns its subject; `prove` closes it; `unprove` takes the evidence away.

    `prove` is None where the subject is itself the evidence: taking it away withdraws the task.
    """

    owe: Callable[[Stage], int]
    prove: Callable[[Stage, int], Any] | None
    unprove: Callable[[Stage, int], Any]
    kind: str = "outbreak"  # the histories that must reach it; "" where none goes on long enough


def confirmed(stage: Stage, county: str = "420106", disease: str = DISEASE) -> Case:
    return cases.open_case(
        person=a_person(stage.world, at=stage.at),
        disease=disease,
        place=stage.world.places[county],
        diagnosis="confirmed",
        by=stage.by,
        at=stage.at,
    )


def suspected(stage: Stage) -> Case:
    person = a_person(stage.world, at=stage.at)
    place = stage.world.places["420106"]
    return cases.open_case(person=person, disease=DISEASE, place=place, by=stage.by, at=stage.at)
