"""The figures of a bulletin, drawn up from the mart and from what persons decided; plain data, to be kept with it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from lianfang.bulletins.errors import NothingKnown
from lianfang.common.clock import local_day
from lianfang.core.registry.models import Level, Place
from lianfang.core.rules import site_rules
from lianfang.loop.models import Finding
from lianfang.measures.models import Measure, Response
from lianfang.measures.selectors import measures_holding
from lianfang.outlook.models import Run
from lianfang.regions import selectors
from lianfang.regions.early_warning import DATA
from lianfang.regions.mart import Mart, Panel
from lianfang.regions.vocabulary import COLUMNS
from lianfang.rulebook.kinds.surveillance import BulletinParameters

VERSION = 1
TABLE = ("confirmed", "existing", "total", "total_cured", "total_died")
COURSE = ("confirmed", "cured", "died", "existing", "total")
COURSE_DAYS = 28
_NOTE_DAYS = 14
_MOST_NOTES = 12
REST = "-"  # the row of what is counted in the area and in none of its parts


@dataclass(frozen=True, kw_only=True)
class DrawnUp:
    """Figures as plain data, since when they are known, and the rows that are protected ("" is the area itself)."""

    figures: dict[str, Any]
    known_at: datetime
    protected: frozenset[str]
    least: int
    edition: str

    @property
    def digest(self) -> str:
        """The digest of the figures."""
        return digest_of(self.figures)


def digest_of(figures: Mapping[str, Any]) -> str:
    """Return the SHA-256 of figures, the same for the same figures."""
    text = json.dumps(figures, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def draw_up(disease: str, place: Place, on: date, *, at: datetime) -> DrawnUp:
    """Return the figures of an area to the end of a day as they are known at `at`."""
    mart = Mart(disease)
    span = mart.span
    if span is None or not span[0] <= on <= span[1]:
        first, last = span or ("–", "–")
        raise NothingKnown(on=on.isoformat(), first=str(first), last=str(last))
    below = list(Place.objects.filter(parent=place, abolished_on__isnull=True).order_by("path"))
    panel = selectors.panel_for(disease, [place.path, *(one.path for one in below)], COLUMNS, on)
    edition = site_rules().rule("bulletin", at=local_day(at), place=place.code)
    rule = edition.of(BulletinParameters)
    protected = {one.code for one in below if is_protected(one, rule)}
    if is_protected(place, rule):
        protected.add("")
    rows = _rows(panel, below)
    if REST in rows and (protected or not below):
        protected.add(REST)
    figures = {
        "version": VERSION,
        "place": _named(place),
        "disease": disease,
        "on": on.isoformat(),
        "own": _of(panel, 0, COLUMNS),
        "before": _of(panel, 0, COLUMNS, row=-2) if panel.n_days > 1 else {},
        "has_cases": bool(panel["owed"][:, 0].any()),
        "course": _course(panel),
        "rows": rows,
        "names": {one.code: _named(one) for one in below},
        "grades": _grades(disease, place, below, on),
        "rt": _rt(disease, place, on),
        "measures": _measures(place, disease, at),
        "notes": _notes(disease, place, on, at),
    }
    return DrawnUp(
        figures=figures,
        known_at=_known_at(mart),
        protected=frozenset(protected),
        least=rule.least,
        edition=edition.edition_id,
    )


def reproduced(figures: Mapping[str, Any], known_at: datetime) -> dict[str, tuple[int, int]]:
    """Return the counts of the area that today's facts, as known then, give differently: column -> (told, now)."""
    path, on = str(figures["place"]["path"]), date.fromisoformat(figures["on"])
    panel = Mart(figures["disease"]).compute([path], known_by=known_at, last=on)
    now = _of(panel, 0, COLUMNS)
    return {name: (told, now[name]) for name, told in figures["own"].items() if now.get(name) != told}


def is_protected(place: Place, rule: BulletinParameters) -> bool:
    """Return whether persons could be told by a small count: few live there, or nobody knows how many and it is no county."""
    if place.population is None:
        return bool(place.level > Level.COUNTY)
    return bool(place.population < rule.few_residents)


def _named(place: Place) -> dict[str, str]:
    return {"code": place.code, "path": place.path, "zh": place.name, "en": place.name_en or place.name}


def _of(panel: Panel, area: int, columns: Sequence[str], row: int = -1) -> dict[str, int]:
    return {name: int(panel[name][row, area]) for name in columns}


def _rows(panel: Panel, below: Sequence[Place]) -> dict[str, dict[str, int]]:
    rows = {place.code: _of(panel, n + 1, TABLE) for n, place in enumerate(below)}
    rest = {name: int(panel[name][-1, 0] - panel[name][-1, 1:].sum()) for name in TABLE}
    if rows and any(rest.values()):
        rows[REST] = rest
    return rows


def _course(panel: Panel) -> dict[str, Any]:
    return {
        "first": selectors.first_shown(panel, COURSE_DAYS).isoformat(),
        **{name: selectors.recent(panel, name, 0, COURSE_DAYS) for name in COURSE},
    }


def _grades(disease: str, place: Place, below: Sequence[Place], on: date) -> dict[str, Any]:
    grades = selectors.grades_in_force(disease, place.path, on=on + timedelta(days=1))
    counts = dict.fromkeys(("low", "medium", "high"), 0)
    for row in grades.values():
        counts[row.level] += 1
    own = grades.get(place.path)
    return {
        "own": own.level if own else "",
        "counts": counts,
        "rows": {
            one.code: grades[one.path].level
            if one.path in grades
            else selectors.worst_below(grades, one.path)
            for one in below
        },
    }


def _rt(disease: str, place: Place, on: date) -> dict[str, float]:
    """Return mean and limits of Rt by the run made with the figures of the day; {} where nothing can be said."""
    run = (
        Run.objects.filter(study__method="areas", study__disease=disease, result__last=on.isoformat())
        .order_by("-pk")
        .first()
    )
    found = selectors.outlook_rows(run, disease, [place.path]).get(place.path) if run else None
    if not found or found["rt_mean"] is None or found["rt_mean"] != found["rt_mean"]:
        return {}
    return {name: round(float(found[f"rt_{name}"]), 3) for name in ("mean", "low", "high")}


def _measures(place: Place, disease: str, at: datetime) -> dict[str, Any]:
    rows: list[Measure] = [row for row in measures_holding(place.path, at) if row.disease == disease]
    level = (
        Response.objects.in_force()
        .filter(disease=disease, path__in=_around(place.path), occurred_at__lte=at)
        .order_by("-path")
        .first()
    )
    return {
        "level": level.level if level else "",
        "rows": [
            {"en": row.text["en"], "zh": row.text["zh"], "since": local_day(row.occurred_at).isoformat()}
            for row in rows
        ],
    }


def _around(path: str) -> list[str]:
    steps = path.rstrip(".").split(".")
    return [".".join(steps[:n]) + "." for n in range(1, len(steps) + 1)]


def _notes(disease: str, place: Place, on: date, at: datetime) -> list[dict[str, Any]]:
    """Return what of the figures of the last two weeks is the work of desks, as far as it is on file."""
    rows = Finding.objects.filter(
        kind=DATA, path__within=place.path, withdrawn_at=None, found_at__lte=at, evidence__disease=disease
    ).select_related("place")
    found = []
    for row in rows.order_by("-pk"):
        last = row.evidence.get("last_on", on.isoformat())
        if (on - timedelta(days=_NOTE_DAYS)).isoformat() <= last <= on.isoformat():
            found.append(
                {
                    "place": _named(row.place),
                    "what": row.evidence["what"],
                    "column": row.evidence.get("column", ""),
                    "first_on": row.evidence.get("first_on", ""),
                    "last_on": last,
                    "size": _size(row.evidence.get("steps", [])),
                }
            )
    found.sort(key=lambda note: (note["place"]["code"] != place.code, -abs(note["size"])))
    return found[:_MOST_NOTES]


def _size(steps: Sequence[str]) -> int:
    """Return the largest step of an alert, by what it says: `2020-02-13 jump +13436`."""
    sizes = [int(float(step.rsplit(" ", 1)[1])) for step in steps]
    return max(sizes, key=abs, default=0)


def _known_at(mart: Mart) -> datetime:
    return datetime.fromtimestamp(mart.manifest()["at"]).astimezone()
