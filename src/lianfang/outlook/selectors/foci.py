"""Clusters and special places, attack rates by setting, days without a case, and what slow tracing costs."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Max, QuerySet

from lianfang.cases.models import Case
from lianfang.common.clock import local_day
from lianfang.contacts.models import Contact
from lianfang.core.access.actor import Actor
from lianfang.core.registry.models import Place
from lianfang.outlook.models import Focus, Inspection, Run, Study


def foci(
    actor: Actor, path: str, *, disease: str = "", kind: str = "", special: bool = False, gone: bool = False
) -> QuerySet[Any]:
    """Return the foci of the area that the reader may see, the most recent first."""
    rows = Focus.objects.visible_to(actor)
    if path:
        rows = rows.filter(path__within=path)
    if not gone:
        rows = rows.filter(gone_at__isnull=True)
    if disease:
        rows = rows.filter(disease=disease)
    if kind:
        rows = rows.filter(kind=kind)
    if special:
        rows = rows.exclude(special="")
    return rows.select_related("place").order_by("-last_on", "pk")


def get_focus(actor: Actor, pk: int) -> Focus:
    """Return the focus, or raise NotVisible."""
    focus: Focus = Focus.objects.select_related("place").get_visible(actor, pk=pk)
    return focus


def cases_of_focus(actor: Actor, focus: Focus) -> tuple[list[Case], int]:
    """Return the cases of the focus that the reader may see, by day, and how many there are besides."""
    seen = list(
        Case.objects.visible_to(actor).filter(foci=focus).select_related("place").order_by("onset_on", "pk")
    )
    return seen, focus.n_cases - len(seen)


def inspections_of(focus: Focus) -> QuerySet[Any]:
    """Return what was seen when the focus was looked into."""
    return (
        Inspection.objects.current()
        .filter(focus=focus)
        .select_related("recorded_by")
        .order_by("-occurred_at")
    )


@dataclass(frozen=True, kw_only=True)
class AttackRate:
    """Of the contacts of one setting whose observation is over, the share who became cases, with 95 % interval."""

    setting: str
    n_contacts: int
    n_cases: int
    n_open: int  # still under observation: not counted
    low: float | None
    high: float | None

    @property
    def rate(self) -> float | None:
        """The secondary attack rate; None where nobody's observation is over."""
        return self.n_cases / self.n_contacts if self.n_contacts else None


def attack_rates(actor: Actor, path: str, disease: str) -> list[AttackRate]:
    """Return the secondary attack rate by setting, with Wilson's interval; one query."""
    rows = Contact.objects.visible_to(actor).filter(disease=disease, case__isnull=False).order_by()
    if path:
        rows = rows.filter(source_path__within=path)
    counted: dict[str, Counter[str]] = {}
    for setting, status, later in rows.values_list("setting", "status", "case_later_id"):
        kind = (
            "case" if later else "open" if status == "follow_up" else "well" if status == "completed" else ""
        )
        if kind:
            counted.setdefault(setting or "", Counter())[kind] += 1
    found = []
    for setting, counts in counted.items():
        n = counts["case"] + counts["well"]
        low, high = wilson(counts["case"], n)
        found.append(
            AttackRate(
                setting=setting,
                n_contacts=n,
                n_cases=counts["case"],
                n_open=counts["open"],
                low=low,
                high=high,
            )
        )
    return sorted(found, key=lambda one: (-one.n_contacts, one.setting))


def wilson(hits: int, n: int) -> tuple[float | None, float | None]:
    """Return the 95 % score interval of a share (Wilson, JASA 1927;22:209-212); nothing where n is 0."""
    if n == 0:
        return None, None
    z = 1.959964
    share, middle = hits / n, (hits + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * (n * share * (1 - share) + z * z / 4) ** 0.5
    return max(middle - half, 0.0), min(middle + half, 1.0)


@dataclass(frozen=True, kw_only=True)
class LastCase:
    """How long an area has been without a new case, by the day of confirmation."""

    place: Place
    last_on: date | None
    days: int | None
    n_cases: int


def days_since_last(actor: Actor, places: Sequence[Place], disease: str, at: datetime) -> list[LastCase]:
    """Return for each place the days since its last confirmed case; one query."""
    rows = Case.objects.visible_to(actor).filter(confirmed_at__isnull=False, disease=disease).order_by()
    by_path = list(rows.values_list("path").annotate(Max("confirmed_at"), Count("pk")))
    found = []
    for place in places:
        own = [(last, n) for path, last, n in by_path if path.startswith(place.path)]
        last = max((moment for moment, _ in own), default=None)
        on = local_day(last) if last else None
        days = (local_day(at) - on).days if on else None
        found.append(LastCase(place=place, last_on=on, days=days, n_cases=sum(n for _, n in own)))
    return found


def tracing_cost(actor: Actor, path: str) -> Run | None:
    """Return the latest figure of what tracing delays cost the area, of the disease with the most recent run."""
    return tracing_costs(actor, [path]).get(path)


def tracing_costs(actor: Actor, paths: Sequence[str]) -> dict[str, Run]:
    """Return path -> the latest figure, for the areas that have one; one query."""
    studies = (
        Study.objects.visible_to(actor)
        .filter(method="clocks", path__in=paths, latest__isnull=False)
        .select_related("latest", "latest__study")
        .order_by("-latest__at")
    )
    found: dict[str, Run] = {}
    for run in (study.latest for study in studies):
        held = found.get(run.path)
        if held is None or (held.status != "done" and run.status == "done"):
            found[run.path] = run
    return found
