"""What is known of each treatment given to the patients of a disease, worked out once a day from stays and deaths."""

import time
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from lianfang.care.derive import severities_at_first
from lianfang.care.models import Comorbidities, Departure, How, Stay, Treatment
from lianfang.outlook.models import RunStatus, Study
from lianfang.outlook.runs import digest_of, keep_run
from lianfang.outlook.treatment_effect import MOST_MISSING, treatment_effect

METHOD = "treated and untreated days 2"
_DAY = timedelta(days=1)
# What was seen later than this after admission may be an effect of the treatment: it counts as not known.
_AT_FIRST = timedelta(days=2)
_RANKS = {"mild": 0.0, "ordinary": 1.0, "severe": 2.0, "critical": 3.0}


def refresh(study: Study, at: datetime) -> datetime | None:
    """Compare the outcomes of every treatment on file; next tomorrow while any is given."""
    patients = _patients(study, at)
    given = _given(study, patients)
    begin = time.perf_counter()
    asked = sum(not np.isnan(one["comorbidities"]) for one in patients.values())
    names = ["age", "male", "severity"]
    if patients and asked >= (1 - MOST_MISSING) * len(patients):
        names.append("comorbidities")
    found = {what: _compared(patients, begun, names) for what, begun in sorted(given.items())}
    inputs = {
        "n_patients": len(patients),
        "n_treatments": len(found),
        "adjusted_for": names,
        "n_comorbidities_known": asked,
    }
    digest = digest_of(METHOD, inputs, found)
    if study.latest is None or study.latest.digest != digest:
        keep_run(
            study,
            at=at,
            status=RunStatus.DONE if found else RunStatus.TOO_FEW,
            inputs=inputs,
            digest=digest,
            result={"treatments": found},
            method=METHOD,
            seconds=round(time.perf_counter() - begin, 3),
        )
    return at + _DAY if given else None


def _patients(study: Study, at: datetime) -> dict[int, dict[str, Any]]:
    """Return by case when the patient was admitted, until when followed, whether they died, and what was known at first."""
    stays = (
        Stay.objects.current()
        .filter(case__disease=study.disease, source_path__within=study.path, occurred_at__lt=at)
        .order_by("-occurred_at")
        .values_list("case_id", "occurred_at", "case__person__birth_year", "case__person__sex")
    )
    found: dict[int, dict[str, Any]] = {}
    for case, admitted, born, sex in stays:  # the earliest comes last and stays
        age = float(admitted.year - born) if born else np.nan
        male = {"male": 1.0, "female": 0.0}.get(sex, np.nan)
        found[case] = {
            "admitted": admitted,
            "end": at,
            "died": False,
            "age": age,
            "male": male,
            "severity": np.nan,
            "comorbidities": np.nan,
        }
    asked = Comorbidities.objects.current().filter(case_id__in=found).order_by("occurred_at", "pk")
    for case, conditions in asked.values_list("case_id", "conditions"):
        found[case]["comorbidities"] = float(len(conditions))
    left = Departure.objects.current().filter(case_id__in=found, occurred_at__lte=at).order_by("-occurred_at")
    for case, moment, how in left.values_list("case_id", "occurred_at", "how"):
        found[case] |= {"end": moment, "died": how == How.DIED}
    admitted = {case: one["admitted"] for case, one in found.items()}
    for case, severity in severities_at_first(admitted, within=_AT_FIRST).items():
        found[case]["severity"] = _RANKS[severity]
    return {case: one for case, one in found.items() if one["end"] > one["admitted"]}


def _given(study: Study, patients: dict[int, dict[str, Any]]) -> dict[str, dict[int, datetime]]:
    """Return by treatment and case when it was first begun."""
    rows = Treatment.objects.current().filter(case__disease=study.disease, case_id__in=patients)
    found: dict[str, dict[int, datetime]] = {}
    for what, case, moment in rows.order_by("-occurred_at").values_list("what", "case_id", "occurred_at"):
        found.setdefault(what, {})[case] = moment
    return found


def _compared(
    patients: dict[int, dict[str, Any]], begun: dict[int, datetime], names: list[str]
) -> dict[str, Any]:
    cases = sorted(patients)
    rows = [patients[case] for case in cases]

    def days(moment: datetime, since: datetime) -> float:
        return (moment - since).total_seconds() / 86400

    effect = treatment_effect(
        [days(row["end"], row["admitted"]) for row in rows],
        [row["died"] for row in rows],
        [
            days(begun[case], row["admitted"]) if case in begun else np.nan
            for case, row in zip(cases, rows, strict=True)
        ],
        {name: [row[name] for row in rows] for name in names},
    )
    return {name: _rounded(value) for name, value in asdict(effect).items()}


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    return [_rounded(one) for one in value] if isinstance(value, tuple) else value
