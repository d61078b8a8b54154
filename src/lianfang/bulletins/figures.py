"""The figures of a bulletin, drawn up from the mart and from what persons decided; plain data, to be kept with it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import numpy as np

from lianfang.bulletins.errors import NothingKnown, TooFewLive
from lianfang.bulletins.joining import joined, key_of, told_as
from lianfang.common.clock import local_day
from lianfang.core.registry.models import Place
from lianfang.core.rules import site_rules
from lianfang.loop.models import Finding
from lianfang.measures.models import Measure, Response
from lianfang.measures.selectors import measures_holding
from lianfang.outlook.models import Run
from lianfang.regions import selectors
from lianfang.regions.early_warning import DATA
from lianfang.regions.mart import Mart
from lianfang.regions.panel import Panel
from lianfang.regions.vocabulary import COLUMNS
from lianfang.rulebook.kinds.surveillance import BulletinParameters

VERSION = 2
TABLE = ("confirmed", "existing", "total", "total_cured", "total_died")
COURSE = ("confirmed", "cured", "died", "existing", "total")
COURSE_DAYS = 28
_NOTE_DAYS = 14
_MOST_NOTES = 12
RUNS = frozenset({"quiet_days", "cured_over_days", "level_days"})
_GRADES = ("", "low", "medium", "high")
Joined = tuple[tuple[Place, ...], list[tuple[Place, ...]]]
REST = "-"  # the row of what is counted in the area and in none of its parts


@dataclass(frozen=True, kw_only=True)
class DrawnUp:
    """Figures as plain data, and since when they are known."""

    figures: dict[str, Any]
    known_at: datetime
    edition: str

    @property
    def digest(self) -> str:
        """The digest of the figures."""
        return digest_of(self.figures)


def digest_of(figures: Mapping[str, Any]) -> str:
    """Return the SHA-256 of figures, the same for the same figures."""
    text = json.dumps(figures, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def draw_up(
    disease: str, place: Place, on: date, *, at: datetime, like: Mapping[str, Any] | None = None
) -> DrawnUp:
    """Return the figures of an area to the end of a day as they are known at `at`.

    Areas that are told together are joined as in `like`, the figures that these correct, or else as the register has it.
    """
    mart = Mart(disease)
    span = mart.span
    if span is None or not span[0] <= on <= span[1]:
        first, last = span or ("–", "–")
        raise NothingKnown(on=on.isoformat(), first=str(first), last=str(last))
    whole, groups = _joined(place, at) if like is None else _joined_like(like)
    if not whole:
        raise TooFewLive
    below = [one for group in groups for one in group]
    panel = selectors.panel_for(disease, [one.path for one in (*whole, *below)], COLUMNS, on)
    panel = _summed(panel, [len(whole), *(len(group) for group in groups)])
    columns = COLUMNS if len(whole) == 1 else [name for name in COLUMNS if name not in RUNS]
    edition = _rule(at, place.code)
    figures = {
        "version": VERSION,
        "place": _named(place),
        "disease": disease,
        "on": on.isoformat(),
        "own": _of(panel, 0, columns),
        "before": _of(panel, 0, columns, row=-2) if panel.n_days > 1 else {},
        "has_cases": bool(panel["owed"][:, 0].any()),
        "course": _course(panel),
        "counted": [_named(one) for one in whole],
        "rows": _rows(panel, groups),
        "names": {key_of(group): _named_together(group) for group in groups},
        "parts": {one.code: _named_together((one,)) for one in below},
        "grades": _grades(disease, place, groups, on),
        "rt": _rt(disease, place, on) if whole == (place,) else {},
        "measures": _measures(place, disease, at),
        "notes": _notes(disease, place, on, at),
    }
    return DrawnUp(
        figures=figures,
        known_at=_known_at(mart),
        edition=edition.edition_id,
    )


def reproduced(figures: Mapping[str, Any], known_at: datetime) -> dict[str, tuple[int, int]]:
    """Return the counts of the area that today's facts, as known then, give differently: column -> (told, now)."""
    paths, on = [str(one["path"]) for one in figures["counted"]], date.fromisoformat(figures["on"])
    panel = _summed(Mart(figures["disease"]).compute(paths, known_by=known_at, last=on), [len(paths)])
    now = _of(panel, 0, COLUMNS)
    return {name: (told, now[name]) for name, told in figures["own"].items() if now.get(name) != told}


def _rule(at: datetime, code: str) -> Any:
    return site_rules().rule("bulletin", at=local_day(at), place=code)


def _few(at: datetime, code: str) -> int:
    return int(_rule(at, code).of(BulletinParameters).few_residents)


def _joined(place: Place, at: datetime) -> Joined:
    """Return what is told as the area and as its parts, () and [] for nothing; what is joined has no parts."""
    whole = told_as(place, partial(_few, at))
    if whole != (place,):
        return whole, []
    parts = Place.objects.filter(parent=place, abolished_on__isnull=True)
    return whole, joined(parts, _few(at, place.code))


def _joined_like(figures: Mapping[str, Any]) -> Joined:
    """Return the same as other figures have it."""
    codes = [tuple(one["code"] for one in figures["counted"]), *(key.split("+") for key in figures["names"])]
    held = {row.code: row for row in Place.objects.filter(code__in=[one for group in codes for one in group])}
    whole, *groups = [tuple(held[code] for code in group if code in held) for group in codes]
    return whole, [group for group in groups if group]


def _summed(panel: Panel, sizes: Sequence[int]) -> Panel:
    """Return a panel with so many areas added up each; a run of days is none of several together."""
    starts = np.cumsum([0, *sizes[:-1]])
    columns = {name: np.add.reduceat(values, starts, axis=1) for name, values in panel.columns.items()}
    areas = tuple(panel.areas[start] for start in starts)
    return Panel(areas=areas, first=panel.first, columns=columns)


def _named(place: Place) -> dict[str, str]:
    return {"code": place.code, "path": place.path, "zh": place.name, "en": place.name_en or place.name}


def _of(panel: Panel, area: int, columns: Sequence[str], row: int = -1) -> dict[str, int]:
    return {name: int(panel[name][row, area]) for name in columns}


def _named_together(group: Sequence[Place]) -> dict[str, str]:
    return {
        "zh": "、".join(one.name for one in group),
        "en": ", ".join(one.name_en or one.name for one in group),
    }


def _rows(panel: Panel, groups: Sequence[Sequence[Place]]) -> dict[str, dict[str, int]]:
    rows = {key_of(group): _of(panel, n + 1, TABLE) for n, group in enumerate(groups)}
    rest = {name: int(panel[name][-1, 0] - panel[name][-1, 1:].sum()) for name in TABLE}
    if rows and any(rest.values()):
        rows[REST] = rest
    return rows


def _course(panel: Panel) -> dict[str, Any]:
    return {
        "first": selectors.first_shown(panel, COURSE_DAYS).isoformat(),
        **{name: selectors.recent(panel, name, 0, COURSE_DAYS) for name in COURSE},
    }


def _grades(disease: str, place: Place, groups: Sequence[Sequence[Place]], on: date) -> dict[str, Any]:
    grades = selectors.grades_in_force(disease, place.path, on=on + timedelta(days=1))
    counts = dict.fromkeys(("low", "medium", "high"), 0)
    for row in grades.values():
        counts[row.level] += 1
    own = grades.get(place.path)
    return {
        "own": own.level if own else "",
        "counts": counts,
        "rows": {
            key_of(group): grades[group[0].path].level
            if len(group) == 1 and group[0].path in grades
            else max((selectors.worst_below(grades, one.path) for one in group), key=_GRADES.index)
            for group in groups
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
                    "is_told": row.place,
                }
            )
    found.sort(key=lambda note: (note["place"]["code"] != place.code, -abs(note["size"])))
    for note in found[:_MOST_NOTES]:
        where = note.pop("is_told")
        if told_as(where, partial(_few, at)) != (where,):
            note["size"] = None  # no count of an area that is not told alone
    return found[:_MOST_NOTES]


def _size(steps: Sequence[str]) -> int:
    """Return the largest step of an alert, by what it says: `2020-02-13 jump +13436`."""
    sizes = [int(float(step.rsplit(" ", 1)[1])) for step in steps]
    return max(sizes, key=abs, default=0)


def _known_at(mart: Mart) -> datetime:
    return datetime.fromtimestamp(mart.manifest()["at"]).astimezone()
