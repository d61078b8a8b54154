"""The rulebook of this site: the shipped editions and packs, and the site's own folders."""

from django.conf import settings
from django.db.models import Case, Expression, F, Value, When
from django.db.models.lookups import GreaterThanOrEqual

from lianfang.common.clock import start_of
from lianfang.common.fields import MomentField, later
from lianfang.rulebook.book import Rulebook, default
from lianfang.rulebook.kinds.surveillance import ClockParameters


def site_rules() -> Rulebook:
    """Return the rulebook, read once per process."""
    return default(*settings.RULEBOOK_DIRS)


def deadline(clock: str, since: str | Expression, *, disease: str = "") -> Expression:
    """Return the SQL moment by which `clock` runs out, counted from `since` by the edition in force at that moment.

    Before the first edition of the clock the first one counts: an old outbreak that is entered today still has its
    duties. Clocks of single places are not told apart here.
    """
    start = F(since) if isinstance(since, str) else since
    book = site_rules()
    own = f"{disease}/{clock}"
    name = own if disease and own in book.rule_ids() else clock
    editions = [edition for edition in book.editions(name) if not edition.jurisdiction]
    cases = [
        When(
            condition=GreaterThanOrEqual(start, Value(int(start_of(edition.effective_from).timestamp()))),
            then=later(start, hours=_hours(edition.of(ClockParameters))),
        )
        for edition in reversed(editions)
    ]
    first = later(start, hours=_hours(editions[0].of(ClockParameters)))
    return Case(*cases, default=first, output_field=MomentField())


def _hours(clock: ClockParameters) -> float:
    return clock.within * {"hours": 1, "days": 24, "working_days": 24, "months": 730}[clock.unit]
