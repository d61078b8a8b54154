"""The numbers of the loop itself, all from the rulebook: the ladder, quiet hours, and the clock of verification."""

from datetime import datetime

from lianfang.common.clock import site_zone
from lianfang.core.rules import site_rules
from lianfang.rulebook.clocks import quiet_until
from lianfang.rulebook.kinds.surveillance import LadderStep, Level, QuietHoursParameters, TimelinessParameters

# The level of a place at which a rung of the ladder stands (registry.Level).
LEVELS: dict[Level, int] = {"county": 3, "prefecture": 2, "province": 1, "nation": 0}


def ladder(at: datetime) -> tuple[LadderStep, ...]:
    """Return the rungs in force at `at`, the lowest first."""
    return site_rules().ladder(at=_local(at)).steps


def quiet_hours(at: datetime) -> QuietHoursParameters:
    """Return the quiet hours in force at `at`."""
    return site_rules().quiet_hours(at=_local(at))


def next_waking(at: datetime) -> datetime:
    """Return the next moment, not before `at`, at which somebody may be told."""
    local = _local(at)
    until = quiet_until(quiet_hours(at), local)
    return at if until == local else until.astimezone(at.tzinfo)


def verification_hours(at: datetime) -> float:
    """Return within how many hours a doing that was drawn is checked."""
    return site_rules().clock("verification", at=_local(at)).hours


def timeliness(at: datetime) -> TimelinessParameters:
    """Return the targets of 7-1-7 in force at `at`."""
    return site_rules().rule("timeliness_targets", at=_local(at)).of(TimelinessParameters)


def _local(at: datetime) -> datetime:
    return at.astimezone(site_zone())
