"""The indicators in words: what each is called, what it counts, and which flows and cases stand behind it."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from lianfang.regions.fates import fatality_interval
from lianfang.regions.panel import Panel
from lianfang.regions.vocabulary import COLUMNS, PUBLISHED


@dataclass(frozen=True, kw_only=True)
class Indicator:
    """One figure of an area and day. A share is `part` of `whole`; a count or a number of days is `part` alone."""

    code: str
    title: Any
    sentence: Any
    measure: str  # the flows that it adds up
    part: str
    whole: str = ""

    def value(self, panel: Panel, area: int = 0, row: int = -1) -> float | None:
        """Return the figure; None for a share of nothing, and for days since a case where there never was one."""
        return self.of(*(int(panel[name][row, area]) for name in self.columns))

    def is_told(self, panel: Panel, area: int = 0) -> bool:
        """Return whether the area tells it: one that publishes counts and has no case on file tells nothing of severity or beds."""
        only_counts = bool(panel["total"][:, area].any()) and not panel["owed"][:, area].any()
        return self.measure in PUBLISHED or not only_counts or bool(panel[self.part][:, area].any())

    def of(self, part: int, whole: int = 0) -> float | None:
        """Return the figure from its columns."""
        if self.whole:
            return part / whole if whole > 0 else None
        return None if self.part == "quiet_days" and part < 0 else part

    def interval(self, panel: Panel, area: int = 0, row: int = -1) -> tuple[float, float] | None:
        """Return the 95-percent limits of a figure that is an estimate, None of one that is a count."""
        return self.interval_of(*(int(panel[name][row, area]) for name in self.columns))

    def interval_of(self, part: int, whole: int = 0) -> tuple[float, float] | None:
        """Return the limits from its columns."""
        return fatality_interval(part, whole) if self.whole == "fates" else None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the mart that it needs."""
        return (self.part, self.whole) if self.whole else (self.part,)


def _count(code: str, title: Any, sentence: Any, measure: str = "") -> Indicator:
    return Indicator(code=code, title=title, sentence=sentence, measure=measure or code, part=code)


INDICATORS = {
    one.code: one
    for one in (
        _count("confirmed", _("New confirmed"), _("Confirmed cases by day of diagnosis.")),
        _count("asymptomatic", _("New without symptoms"), _("Asymptomatic infections by day of diagnosis.")),
        _count("total", _("Confirmed so far"), _("All confirmed cases up to the day."), "confirmed"),
        _count("existing", _("Existing"), _("Confirmed cases that are neither cured nor dead."), "confirmed"),
        _count("suspected", _("Suspected"), _("Cases that are suspected or probable on the day."), "suspected"),
        _count("cured", _("Newly cured"), _("Confirmed cases cured on the day.")),
        _count("total_cured", _("Cured so far"), _("All confirmed cases cured up to the day."), "cured"),
        _count("died", _("Newly died"), _("Confirmed cases that died on the day.")),
        _count("total_died", _("Died so far"), _("All confirmed cases that died up to the day."), "died"),
        Indicator(code="cure_rate", title=_("Cure rate"), sentence=_("Cured of all confirmed so far."), measure="cured", part="total_cured", whole="total"),
        Indicator(code="fatality", title=_("Fatality, crude"), sentence=_("Died of all confirmed so far; too low while cases are young."), measure="died", part="total_died", whole="total"),
        Indicator(code="fatality_adjusted", title=_("Fatality, adjusted for delay"), sentence=_("Died of the cases whose death would be known by now, by the delay from diagnosis to death of the area or the one above, where 30 deaths are on file, else by the published one from hospital to death; in brackets what chance allows (95 %)."), measure="died", part="total_died", whole="fates"),
        Indicator(code="severe_share", title=_("Severe share"), sentence=_("Severe patients of the existing cases."), measure="severe", part="severe", whole="existing"),
        Indicator(code="critical_share", title=_("Critical share"), sentence=_("Critical patients of the existing cases."), measure="critical", part="critical", whole="existing"),
        _count("admitted", _("Admitted"), _("Cases that got their first bed on the day.")),
        _count("discharged", _("Discharged"), _("Cases discharged on the day.")),
        _count("observed", _("Contacts under observation"), _("Contacts under observation on the day, each person once.")),
        Indicator(code="tested_share", title=_("Tested who should be"), sentence=_("Tested, of the suspected and confirmed cases that are not over (all who should be tested)."), measure="tested", part="tested", whole="owed"),
        Indicator(code="in_bed_share", title=_("Admitted who should be"), sentence=_("Got a bed, of the suspected and confirmed cases that are not over (all who should be admitted)."), measure="in_bed", part="in_bed", whole="owed"),
        Indicator(code="seen_share", title=_("Contacts seen on the day"), sentence=_("Seen on the day, of the contacts under observation (all who should be isolated)."), measure="seen", part="seen", whole="observed"),
        Indicator(code="treated_share", title=_("Treated who should be"), sentence=_("Got a bed, of the severe and critical patients (all who should be treated)."), measure="treated", part="treated", whole="serious"),
        Indicator(code="listed_share", title=_("New cases that were contacts"), sentence=_("Had been a known contact, of the cases confirmed in 14 days: the same coverage from the side of the cases."), measure="listed", part="listed_14d", whole="new_14d"),
        _count("cured_over_days", _("Days that cured exceeded new"), _("For how many days running more were cured than confirmed."), "cured"),
        _count("quiet_days", _("Days without a new case"), _("Days since the last confirmed case."), "confirmed"),
        _count("level_days", _("Days of plateau"), _("For how many days running the week differs from the week before by no more than a fifth."), "confirmed"),
    )
}  # fmt: skip
assert {name for one in INDICATORS.values() for name in one.columns} <= set(COLUMNS)
