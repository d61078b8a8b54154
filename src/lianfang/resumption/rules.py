"""What the rulebook says about buses of returning workers and about those who arrive."""

from datetime import datetime

from lianfang.common.clock import local_day
from lianfang.common.paths import code_of
from lianfang.core.rules import site_rules
from lianfang.regions.selectors import grade_holding
from lianfang.rulebook.kinds.supply import BoardingParameters, CharterParameters
from lianfang.rulebook.kinds.surveillance import PersonGradeParameters
from lianfang.rulebook.terms import Threshold


def seats_allowed(seats: int, path: str, at: datetime) -> tuple[int, str]:
    """Return how many people a bus may carry, and by which edition; all seats where none is in force."""
    edition = site_rules().find("charter", at=local_day(at), place=code_of(path))
    if edition is None:
        return seats, ""
    share = edition.of(CharterParameters).load_percent
    most = max((n for n in range(seats + 1) if share.holds(100 * n / seats)), default=0)
    return most, edition.edition_id


def fever_at(path: str, at: datetime) -> Threshold:
    """Return from which temperature a person does not board."""
    edition = site_rules().rule("boarding", at=local_day(at), place=code_of(path))
    return edition.of(BoardingParameters).fever_celsius


def observation_asked(path: str, at: datetime) -> tuple[str, str, int]:
    """Return the grade of a place that a person leaves, the edition, and the days of observation it asks where they arrive.

    The text asks them of arrivals from closed areas; read as: places of high risk. None without a confirmed grade.
    """
    level = grade_holding(path, at)
    edition = site_rules().find("person_grade", at=local_day(at), place=code_of(path))
    if edition is None or not level:
        return level, "", 0
    days = edition.of(PersonGradeParameters).arrival_observation_days
    return level, edition.edition_id, days if level == "high" else 0
