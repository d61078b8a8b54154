"""What slow tracing costs an area, worked out once a day from its own clocks; silent where the records say too little."""

import time
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

from django.db.models import Exists, F, Min, OuterRef, Q, Subquery

from lianfang.cases.models import Case
from lianfang.common.clock import local_day, start_of
from lianfang.common.fields import MomentField
from lianfang.contacts.models import Contact, Observation
from lianfang.outlook.models import RunStatus, Study
from lianfang.outlook.runs import digest_of, keep_run

METHOD = "tracing cost 1"
SEED = 1
DAYS = 28
TARGET_HOURS = 24
# Fewer index cases with contacts, or cases with onset and diagnosis, than this: no figure.
FEWEST = 10
_DAY = timedelta(days=1)


def refresh(study: Study, at: datetime) -> datetime | None:
    """Make the figure of the area for the last 28 days; next tomorrow while there is anything to measure."""
    since = start_of(local_day(at) - timedelta(days=DAYS))
    cases = Case.objects.filter(
        disease=study.disease, path__within=study.path, confirmed_at__gte=since, confirmed_at__lte=at
    )
    known = Contact.objects.filter(case_later_id=OuterRef("pk"))
    counted = {
        "n_cases": cases.count(),
        "n_known": cases.filter(Exists(known)).count(),
        "n_listed": cases.filter(Exists(Contact.objects.filter(case_id=OuterRef("pk")))).count(),
    }
    days = _diagnosis_days(cases)
    contacts = _contact_hours(cases, at)
    inputs = {
        **counted,
        "days": DAYS,
        "since": local_day(since).isoformat(),
        "n_diagnosis_delays": len(days),
        "n_contacts": len(contacts),
        "n_reached": sum(done for _, done, _ in contacts),
        "n_index_cases": len({case for *_, case in contacts}),
        "fewest": FEWEST,
        "target_hours": TARGET_HOURS,
    }
    begin = time.perf_counter()
    status, result = _computed(study.disease, inputs, days, contacts)
    digest = digest_of(METHOD, SEED, inputs, days, [row[1:] for row in contacts], result)
    if study.latest is None or study.latest.digest != digest:
        keep_run(
            study,
            at=at,
            status=status,
            inputs=inputs,
            digest=digest,
            result=result,
            method=METHOD,
            seed=SEED,
            seconds=round(time.perf_counter() - begin, 3),
        )
    return at + _DAY if counted["n_cases"] else None


def _diagnosis_days(cases: Any) -> list[int]:
    rows = cases.filter(onset_on__isnull=False, diagnosed_at__isnull=False).order_by("pk")
    days = [(local_day(at) - on).days for on, at in rows.values_list("onset_on", "diagnosed_at")]
    return [day for day in days if 0 <= day <= 60]


def _contact_hours(cases: Any, at: datetime) -> list[tuple[float, bool, int]]:
    """Return (hours from the diagnosis of the index case, whether reached, index case) of each contact to be reached."""
    seen = Observation.objects.filter(
        contact_id=OuterRef("pk"), superseded_at__isnull=True, seen__in=("seen_ok", "seen_not_ok")
    )
    first = seen.order_by().values(_one=F("pk") * 0).annotate(first=Min("occurred_at")).values("first")
    rows = (
        Contact.objects.filter(case__in=cases.order_by().values("pk"))
        .exclude(status__in=("cancelled", "no_follow_up"))
        .filter(Q(case__diagnosed_at__isnull=False))
        .annotate(seen_at=Subquery(first, output_field=MomentField(null=True)))
        .order_by("pk")
        .values_list("case_id", "case__diagnosed_at", "notified_at", "seen_at")
    )
    found = []
    for case, diagnosed, notified, seen_at in rows:
        reached = min((moment for moment in (notified, seen_at) if moment), default=None)
        hours = ((reached or at) - diagnosed).total_seconds() / 3600
        found.append((max(round(hours, 1), 0.0), reached is not None, case))
    return found


def _computed(
    disease: str, inputs: dict[str, Any], days: list[int], contacts: list[tuple[float, bool, int]]
) -> tuple[str, dict[str, Any]]:
    if not disease.startswith("covid_19"):
        return RunStatus.NO_MODEL, {}
    if inputs["n_diagnosis_delays"] < FEWEST or inputs["n_index_cases"] < FEWEST:
        return RunStatus.TOO_FEW, {}
    cost = import_module("lianfang.analytics.clocks_local").cost_of_tracing_delay(
        days,
        [hours for hours, _, _ in contacts],
        [done for _, done, _ in contacts],
        [case for *_, case in contacts],
        n_known=inputs["n_known"],
        n_cases=inputs["n_cases"],
        target_hours=TARGET_HOURS,
        seed=SEED,
    )
    names = ("reached", "r_now", "r_target", "difference")
    result: dict[str, Any] = {name: [round(value, 4) for value in getattr(cost, name)] for name in names}
    return RunStatus.DONE, {
        **result,
        "median_hours": cost.median_hours,
        "days_median": sorted(days)[len(days) // 2],
    }
