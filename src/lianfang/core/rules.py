"""The rulebook of this site: the shipped editions and packs, and the site's own folders."""

from django.conf import settings
from django.db.models import Case, Expression, F, Q, Value, When
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

    `disease` names the column that says which disease: where a pack has a clock of its own, that one counts. Before
    the first edition of a clock the first one counts: an old outbreak that is entered today still has its duties.
    Clocks of single places are not told apart here.
    """
    start = F(since) if isinstance(since, str) else since
    book = site_rules()
    own = {name: f"{name}/{clock}" for name in book.diseases()} if disease else {}
    cases = [
        When(condition=Q(**{disease: name}) & condition, then=then)
        for name, rule_id in own.items()
        if rule_id in book.rule_ids()
        for condition, then in _dated(rule_id, start)
    ]
    general = _dated(clock, start)
    cases += [When(condition=condition, then=then) for condition, then in general[:-1]]
    return Case(*cases, default=general[-1][1], output_field=MomentField())


def _dated(rule_id: str, start: F | Expression) -> list[tuple[Q, Expression]]:
    """Return (since when an edition counts, the deadline by it), the newest first; the oldest counts for all before."""
    editions = [edition for edition in site_rules().editions(rule_id) if not edition.jurisdiction]
    found: list[tuple[Q, Expression]] = []
    for edition in reversed(editions):
        is_oldest = edition is editions[0]
        from_at = Value(0 if is_oldest else int(start_of(edition.effective_from).timestamp()))
        condition = Q(GreaterThanOrEqual(start, from_at))
        found.append((condition, later(start, hours=_hours(edition.of(ClockParameters)))))
    return found


def _hours(clock: ClockParameters) -> float:
    return clock.within * {"hours": 1, "days": 24, "working_days": 24, "months": 730}[clock.unit]
