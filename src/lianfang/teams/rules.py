"""The rules that hold where a team works: rest (several may, and each part is the strictest), hours a bed, allowances."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from lianfang.common.clock import start_of
from lianfang.core.registry.models import Place
from lianfang.core.rules import site_rules
from lianfang.rulebook.book import NoEditionError
from lianfang.rulebook.kinds.supply import AllowanceParameters, StaffingParameters, TeamRestParameters

_DAYS_A_MONTH = 30


@dataclass(frozen=True, kw_only=True)
class RestRules:
    """Days off within so many days, the longest deployment in days, and the editions that say so."""

    days_off: int
    within_days: int
    longest_days: int
    editions: tuple[str, ...]


def rest_rules(place: Place, at: datetime) -> RestRules:
    """Return what holds in a place at a moment: the editions of the place and of all above it together.

    "Two days off for ten worked" is read as two free days in every ten: a stretch of ten days of which eight are worked.
    """
    codes = place.path.rstrip(".").split(".")
    day = at.date()
    found = [
        edition
        for edition in site_rules().editions("team_rest")
        if (edition.jurisdiction or codes[0]) in codes
    ]
    # An old outbreak is entered by the rules that came first, so that it has rest at all.
    held = [edition for edition in found if edition.effective_from <= day] or found[:1]
    parts = [(edition, edition.of(TeamRestParameters)) for edition in held]
    off = [(p.days_off.value, p.per_days_worked) for _, p in parts if p.days_off and p.per_days_worked]
    off += [(p.days_off_per_fortnight, 14) for _, p in parts if p.days_off_per_fortnight]
    months = [p.months_continuous.value for _, p in parts if p.months_continuous]
    best = max(off, key=lambda pair: pair[0] / pair[1], default=(0, 10))
    return RestRules(
        days_off=int(best[0]),
        within_days=int(best[1]),
        longest_days=int(min(months, default=1) * _DAYS_A_MONTH),
        editions=tuple(edition.edition_id for edition, _ in parts),
    )


def staffing(place: Place, at: datetime) -> StaffingParameters:
    """Return the hours of care that a bed needs a day."""
    code = place.path.rstrip(".").rsplit(".", 1)[-1]
    return site_rules().resolve("staffing", at=at, place=code).of(StaffingParameters)


@dataclass(frozen=True, kw_only=True)
class AllowanceDue:
    """What is due for days of work: how many, how much by the rule (None where none held), and by which editions."""

    days: int
    amount: Decimal | None
    currency: str
    editions: tuple[str, ...]


def allowance_for(days: Iterable[tuple[date, Place]], *, is_direct: bool) -> AllowanceDue:
    """Return what is due for days of work, each by the rule that held on that day where it was done."""
    editions: dict[str, None] = {}
    total, n, currency = Decimal(0), 0, ""
    for on, place in days:
        n += 1
        code = place.path.rstrip(".").rsplit(".", 1)[-1]
        try:
            edition = site_rules().resolve("allowance", at=start_of(on), place=code)
        except NoEditionError:
            return AllowanceDue(days=n, amount=None, currency="", editions=())
        rule = edition.of(AllowanceParameters)
        total += Decimal(str(rule.direct_per_day if is_direct else rule.other_per_day))
        editions[edition.edition_id] = None
        currency = rule.currency
    return AllowanceDue(days=n, amount=total, currency=currency, editions=tuple(editions))
