"""Some of the nights of the demo world's story: outlooks that can be scored by now, and warnings that somebody judged."""

from datetime import datetime, timedelta

from lianfang.common.clock import local_day
from lianfang.core.access.actor import Actor
from lianfang.core.access.selectors import actor_for
from lianfang.demo.ground import EARLIER, Ground
from lianfang.demo.writing import DISEASE
from lianfang.loop.models import Decision, Finding
from lianfang.loop.services import judge_finding
from lianfang.regions import early_warning, grading
from lianfang.regions.mart import Mart
from lianfang.regions.night import COLUMNS
from lianfang.regions.outlooks import keep, outlook_of, study_of

# Days before the last one after which a night's work was done. The scores of today's look at those of one and two weeks ago.
NIGHTS = (15, 8, 4)
_REASONS = {
    Decision.CONFIRMED: "现场核实属实 (checked on site: it is so)",
    Decision.WATCHED: "单例输入，继续观察 (a single imported case: watched)",
    Decision.DISMISSED: "集中补报所致 (reports that came together)",
}
_MINUTES = (25, 48, 67, 95, 140, 210)  # from the warning to the judgement, in turn


def spend_night(ground: Ground, *, at: datetime) -> None:
    """Compute outlook and warnings to the day before `at`, and let the province judge all but every fifth of them.

    Grades are proposed on the last night only, so that the reader finds them waiting.
    """
    mart, study = Mart(DISEASE), study_of(DISEASE)
    if mart.refresh(at=at).last is None or study is None:
        return
    places = grading.graded_places(DISEASE)
    panel = mart.read([place.path for place in places], COLUMNS)
    usable = early_warning.usable_of(panel, early_warning.artefacts_of(panel)["total"])
    found, seconds = outlook_of(panel, DISEASE, usable)
    keep(study, found, panel, mart, at=at, seconds=seconds)
    rule = early_warning.warning_rule(local_day(at))
    alarms = early_warning.alarms_of(panel, found.rising, usable, rule)
    early_warning.propose_warnings(
        early_warning.episodes(panel, alarms, rule.silence_days),
        {place.path: place for place in places},
        DISEASE,
        edition=early_warning.edition_id(local_day(at)),
        at=at,
    )
    _judge(actor_for(ground.users["chen"], at), at)


def _judge(by: Actor, at: datetime) -> None:
    for n, finding in enumerate(Finding.objects.unjudged().filter(kind=early_warning.FINDING).order_by("pk")):
        if finding.pk % 5 == 0 and f".{EARLIER}." not in finding.path:
            continue
        decision = tuple(_REASONS)[0 if n % 3 == 0 else finding.pk % 3]
        judged_at = at + timedelta(minutes=_MINUTES[n % len(_MINUTES)])
        judge_finding(finding=finding, decision=decision, reason=_REASONS[decision], by=by, at=judged_at)
