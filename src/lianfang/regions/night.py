"""The night's work for all areas at once: indicators, outlook, warnings, data alerts and grades, to 24:00 of the day before.

`compute` is the same on demand. It is called by the worker (`derive`), by the command and by the replay of history; a
second call for the same facts and day proposes nothing new.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import QuerySet

from lianfang.analytics.artefacts import Artefact
from lianfang.cases.models import Case
from lianfang.common.clock import local_day, site_zone
from lianfang.core.access.actor import Actor
from lianfang.core.audit.services import record
from lianfang.core.registry.models import Place
from lianfang.loop.findings import Proposed
from lianfang.outlook.models import Run
from lianfang.regions import early_warning, grading
from lianfang.regions.events import RegionsEvent
from lianfang.regions.mart import Mart
from lianfang.regions.models import Published
from lianfang.regions.outlooks import keep, outlook_of, remove_old_files, study_of
from lianfang.regions.panel import Panel

COLUMNS = tuple(dict.fromkeys((*grading.COLUMNS, *early_warning.COLUMNS, "onset")))


@dataclass(frozen=True, kw_only=True)
class Night:
    """What the night did for one disease."""

    disease: str
    last: date
    areas: int
    run: Run | None
    grades: Proposed
    warnings: Proposed
    data_alerts: Proposed


def compute(disease: str, *, at: datetime) -> Night | None:
    """Compute everything about the areas of a disease from the facts as they are at `at`; None where there is none."""
    mart = Mart(disease)
    refreshed = mart.refresh(at=at)
    study = study_of(disease)
    if refreshed.last is None or study is None:
        return None
    places = grading.graded_places(disease)
    panel = mart.read([place.path for place in places], COLUMNS)
    by_path = {place.path: place for place in places}
    artefacts = early_warning.artefacts_of(panel)
    usable = early_warning.usable_of(panel, artefacts["total"])
    found, seconds = outlook_of(panel, disease, usable)
    run = keep(study, found, panel, mart, at=at, seconds=seconds)
    remove_old_files(study, mart, at=at)
    alarms = early_warning.alarms_of(panel, found.rising, usable, early_warning.warning_rule(local_day(at)))
    warnings, data_alerts = _warn(panel, alarms, artefacts, by_path, disease, at=at)
    grades = grading.propose_grades(panel, places, disease, at=at)
    night = Night(
        disease=disease,
        last=refreshed.last,
        areas=len(places),
        run=run,
        grades=grades,
        warnings=warnings,
        data_alerts=data_alerts,
    )
    after = {
        "disease": disease,
        "last": night.last.isoformat(),
        "read": len(refreshed.read),
        "grades": grades.found,
        "warnings": warnings.found,
        "data_alerts": data_alerts.found,
    }
    record(RegionsEvent.COMPUTED, path=study.path, by=Actor.system("regions.night"), at=at, after=after)
    return night


def _warn(
    panel: Panel,
    alarms: early_warning.Alarms,
    artefacts: Mapping[str, Sequence[Artefact]],
    places: dict[str, Place],
    disease: str,
    *,
    at: datetime,
) -> tuple[Proposed, Proposed]:
    silence = early_warning.warning_rule(local_day(at)).silence_days
    episodes = early_warning.episodes(panel, alarms, silence)
    warned = early_warning.propose_warnings(
        episodes, places, disease, edition=early_warning.edition_id(local_day(at)), at=at
    )
    odd = [one for one in grading.graded_on(panel, disease) if one.contradicts]
    alerted = early_warning.propose_data_alerts(artefacts, odd, places, disease, at=at)
    return warned, alerted


def diseases() -> list[str]:
    """Return the diseases of which anything about an area is on file."""
    cases = Case.objects.order_by().values_list("disease", flat=True).distinct()
    figures = Published.objects.order_by().values_list("disease", flat=True).distinct()
    return sorted({*cases, *figures})


def due_diseases(*, at: datetime, hour: int) -> list[str]:
    """Return the diseases whose night's work has not been done today, once the hour has come."""
    if at.astimezone(site_zone()).hour < hour:
        return []
    done = set(_runs_since(at).values_list("study__disease", flat=True))
    return [disease for disease in diseases() if disease not in done]


def _runs_since(at: datetime) -> QuerySet[Run]:
    yesterday = local_day(at) - timedelta(days=1)
    rows: QuerySet[Run] = Run.objects.filter(study__method="areas", result__last=yesterday.isoformat())
    return rows
