"""What the rulebook says about measures in a place at a moment."""

from collections.abc import Mapping
from datetime import datetime

from lianfang.common.clock import local_day
from lianfang.common.paths import code_of, lineage
from lianfang.core.registry.models import Level, Place
from lianfang.core.rules import site_rules
from lianfang.measures.errors import UnknownMeasure
from lianfang.rulebook.edition import RuleEdition
from lianfang.rulebook.kinds.measures import (
    CatalogueMeasure,
    MeasureCatalogueParameters,
    PlanUpkeepParameters,
    ResponseLevelsParameters,
    WorkSpec,
)
from lianfang.rulebook.kinds.surveillance import MeasuresParameters

_LEVELS: Mapping[str, Level] = {level.name.lower(): level for level in Level}


def catalogue(path: str, at: datetime) -> tuple[RuleEdition, MeasureCatalogueParameters]:
    """Return the edition of the catalogue in force in a place, and what it says."""
    edition = site_rules().rule("measure_catalogue", at=local_day(at), place=code_of(path))
    return edition, edition.of(MeasureCatalogueParameters)


def known_measure(kind: str, path: str, at: datetime) -> tuple[RuleEdition, CatalogueMeasure]:
    """Return a measure of the catalogue in force, or raise UnknownMeasure."""
    edition, says = catalogue(path, at)
    if kind not in says.measures:
        raise UnknownMeasure(kind=kind, known=", ".join(sorted(says.measures)))
    return edition, says.measures[kind]


def works_of(edition_id: str, kind: str) -> dict[str, WorkSpec]:
    """Return the work of a measure by the edition by which it was decided: a later one does not rewrite it."""
    says = site_rules().edition(edition_id).of(MeasureCatalogueParameters)
    return {code: says.works[code] for code in says.measures[kind].works}


def by_grade(path: str, at: datetime) -> tuple[RuleEdition, MeasuresParameters] | None:
    """Return what grades switch on in a place, or None where no edition is in force."""
    edition = site_rules().find("measures", at=local_day(at), place=code_of(path))
    return (edition, edition.of(MeasuresParameters)) if edition is not None else None


def response_levels(path: str, at: datetime) -> tuple[RuleEdition, ResponseLevelsParameters]:
    """Return the response levels by the edition in force in a place."""
    edition = site_rules().rule("response_levels", at=local_day(at), place=code_of(path))
    return edition, edition.of(ResponseLevelsParameters)


def upkeep(path: str, at: datetime) -> PlanUpkeepParameters:
    """Return how often plans of a place are gone through and drilled."""
    return site_rules().rule("plan_upkeep", at=local_day(at), place=code_of(path)).of(PlanUpkeepParameters)


def level_of(name: str) -> Level:
    """Return the level of places that a word of the rulebook names."""
    return _LEVELS[name]


def place_answering(place: Place, level: str) -> Place:
    """Return the place at or above `place` whose level is the named one; the place itself where there is none."""
    above: Place | None = Place.objects.filter(path__in=lineage(place.path), level=level_of(level)).first()
    return above or place
