"""Hours of care a day: needed by the occupied beds of a facility, and there by the teams that work in it."""

from dataclasses import dataclass
from datetime import datetime

from lianfang.care.models import Bed
from lianfang.core.registry.models import Unit
from lianfang.teams.health import ailing
from lianfang.teams.models import Deployment, Skill, Worker
from lianfang.teams.rules import rest_rules, staffing

PROFESSIONS = (Skill.DOCTOR, Skill.INTENSIVE_DOCTOR, Skill.NURSE, Skill.INTENSIVE_NURSE)
_INTENSIVE = 3


@dataclass(frozen=True, kw_only=True)
class Hours:
    """Hours of a profession a day at a facility: needed by the occupied beds, and there by those deployed."""

    profession: str
    needed: float
    there: float
    workers: int

    @property
    def is_short(self) -> bool:
        """Whether fewer hours are there than are needed."""
        return self.there < self.needed


def hours_of(unit: Unit, at: datetime) -> list[Hours]:
    """Return the hours needed a day at a facility, and those there when each deployed worker who is well rests as the rules say."""
    rule, rest = staffing(unit.place, at), rest_rules(unit.place, at)
    needed = dict.fromkeys(PROFESSIONS, 0.0)
    occupied = Bed.objects.open_at(at).filter(ward__unit=unit).with_state(at).filter(is_occupied=True)
    for level in occupied.values_list("ward__level", flat=True):
        doctor, nurse = (
            (Skill.INTENSIVE_DOCTOR, Skill.INTENSIVE_NURSE)
            if level == _INTENSIVE
            else (Skill.DOCTOR, Skill.NURSE)
        )
        needed[doctor] += rule.doctor_hours_per_bed[level]
        needed[nurse] += rule.nurse_hours_per_bed[level]
    deployed = Deployment.objects.current().at(at).filter(unit=unit).values("team_id")
    there = dict(Worker.objects.filter(team__in=deployed).values_list("pk", "skill"))
    ill = ailing(list(there))
    skills = [skill for pk, skill in there.items() if pk not in ill]
    a_day = rule.shift_hours * (1 - rest.days_off / rest.within_days)
    return [
        Hours(
            profession=profession,
            needed=round(needed[profession], 1),
            there=round(skills.count(profession) * a_day, 1),
            workers=skills.count(profession),
        )
        for profession in PROFESSIONS
    ]
