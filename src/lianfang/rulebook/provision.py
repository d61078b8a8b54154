"""Rules of goods, transport, prices, waste and teams, applied to figures."""

from datetime import date, datetime, timedelta

from lianfang.rulebook.book import Rulebook
from lianfang.rulebook.kinds.supply import (
    CharterParameters,
    NecessitiesParameters,
    PriceParameters,
    TeamRestParameters,
    WasteParameters,
)
from lianfang.rulebook.terms import complain


def charter_seats(rated_seats: int, book: Rulebook, at: date | datetime, place: str = "") -> int:
    """Return how many persons a chartered bus may carry: the whole seats within the permitted load."""
    rule = book.rule("charter", at=at, place=place).of(CharterParameters)
    if rated_seats < 0:
        raise complain("rated_seats", "0 or more", rated_seats)
    return int(rated_seats * rule.load_percent.value // 100)


def markup_percent(base_price: float, price: float) -> float:
    """Return by how many percent a price is above its base; ValueError for a base that is not positive."""
    if base_price <= 0:
        raise complain("base_price", "above 0", base_price)
    return 100 * (price - base_price) / base_price


def is_sharp_rise(
    base_price: float, price: float, book: Rulebook, at: date | datetime, place: str = ""
) -> bool | None:
    """Return whether a mark-up is a sharp rise by the rule of the place; None where no number is set there."""
    limit = book.rule("price_rise", at=at, place=place).of(PriceParameters).markup_percent
    return None if limit is None else limit.holds(markup_percent(base_price, price))


def waste_due(
    generated_at: datetime,
    book: Rulebook,
    at: date | datetime,
    place: str = "",
    *,
    celsius: float | None = None,
) -> datetime:
    """Return until when medical waste may be stored; `celsius` is the outside temperature, if known."""
    rule = book.rule("medical_waste", at=at, place=place).of(WasteParameters)
    until = generated_at + timedelta(days=rule.storage_days.value)
    if celsius is not None and rule.warm_celsius.holds(celsius):
        return min(until, generated_at + timedelta(hours=rule.warm_storage_hours.value))
    return until


def days_off_owed(days_worked: int, book: Rulebook, at: date | datetime, place: str = "") -> float | None:
    """Return the days of rest that a member of a team has earned by days worked; None where no rule counts days."""
    rule = book.rule("team_rest", at=at, place=place).of(TeamRestParameters)
    if rule.days_off is None or rule.per_days_worked is None:
        return None
    return rule.days_off.value * (days_worked // rule.per_days_worked)


def sets_needed(persons: int, days: int, book: Rulebook, at: date | datetime, place: str = "") -> int | None:
    """Return how many sets of daily goods persons need for days, rounded up; None where no set is defined."""
    rule = book.rule("necessities", at=at, place=place).of(NecessitiesParameters)
    if rule.persons_per_set is None or rule.days_per_set is None:
        return None
    return -(-persons // rule.persons_per_set) * -(-days // rule.days_per_set)
