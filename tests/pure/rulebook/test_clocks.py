"""Deadlines, the ladder and the quiet hours."""

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lianfang.rulebook import NoEditionError, Rulebook, default, is_quiet, level_reached, quiet_until
from lianfang.rulebook.kinds.surveillance import QuietHoursParameters


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00")


@pytest.mark.parametrize(
    ("name", "hours", "starts_at"),
    [
        ("report", 2, "diagnosed_at"),
        ("review", 2, "reported_at"),
        ("laboratory", 12, "specimen_received_at"),
        ("investigation", 24, "reported_at"),
        ("event_report", 2, "identified_at"),
    ],
)
def test_each_clock_has_its_own_length_and_start(
    book: Rulebook, name: str, hours: int, starts_at: str
) -> None:
    for day in (date(2020, 1, 28), date(2020, 3, 6), date(2020, 3, 7), date(2020, 9, 1)):
        clock = book.clock(name, at=day)
        assert (clock.hours, clock.starts_at) == (hours, starts_at)
        assert clock.due(at("2020-03-01T23:30")) == at("2020-03-01T23:30") + timedelta(hours=hours)


def test_what_is_carried_back_is_said_to_be(book: Rulebook) -> None:
    assert book.clock("laboratory", at=date(2020, 3, 6)).edition.confidence == "M"
    assert book.clock("laboratory", at=date(2020, 3, 7)).edition.confidence == "A"
    assert book.clock("report_asymptomatic", at=date(2020, 4, 8)).hours == 2
    with pytest.raises(NoEditionError):
        book.clock("report_asymptomatic", at=date(2020, 4, 7))


def test_days_working_days_and_months(book: Rulebook) -> None:
    assert book.clock("laboratory", at=date(2020, 3, 1), disease="measles").hours == 96
    posting = book.clock("household_posting", at=date(2020, 6, 1))
    friday = at("2020-06-05T17:00")
    assert posting.due(friday) == at("2020-06-12T17:00")
    assert posting.due(friday, frozenset({date(2020, 6, 8)})) == at("2020-06-15T17:00")
    assert book.clock("household_entry", at=date(2020, 6, 1)).due(friday) == at("2020-07-03T17:00")
    help_clock = book.clock("household_help", at=date(2020, 6, 1))
    assert help_clock.due(at("2021-01-31T08:00")) == at("2021-02-28T08:00")
    assert help_clock.due(at("2020-12-15T08:00")) == at("2021-01-15T08:00")
    with pytest.raises(ValueError, match=r"clock.household_help must be in hours or days.*Got 'months'"):
        _ = help_clock.hours


@pytest.mark.parametrize(
    ("hours", "level"),
    [(-0.1, None), (0, "county"), (5.9, "county"), (6, "prefecture"), (23.9, "prefecture"), (24, "province"), (71.9, "province"), (72, "nation"), (999, "nation")],
)  # fmt: skip
def test_the_ladder(book: Rulebook, hours: float, level: str | None) -> None:
    assert level_reached(book.ladder(at=date(2020, 3, 1)), hours) == level


@pytest.mark.parametrize(
    ("clock", "quiet"), [("21:59", False), ("22:00", True), ("23:59", True), ("00:00", True), ("06:59", True), ("07:00", False)]
)  # fmt: skip
def test_quiet_hours(book: Rulebook, clock: str, quiet: bool) -> None:
    rule = book.quiet_hours(at=date(2020, 3, 1))
    moment = at(f"2020-03-01T{clock}")
    assert is_quiet(rule, moment) is quiet
    assert is_quiet(rule, moment, 24) is quiet
    assert is_quiet(rule, moment, 2) is False
    assert is_quiet(rule, moment, 2.1) is quiet


@given(st.datetimes(datetime(2020, 1, 1), datetime(2021, 1, 1)), st.times(), st.times())  # noqa: DTZ001 - local time
def test_quiet_ends_within_a_day(moment: datetime, starts: time, ends: time) -> None:
    whole = {"starts": starts.replace(second=0, microsecond=0), "ends": ends.replace(second=0, microsecond=0)}
    rule = default().quiet_hours(at=moment).model_copy(update=whole)
    assert isinstance(rule, QuietHoursParameters)
    loud = quiet_until(rule, moment)
    assert moment <= loud <= moment + timedelta(days=1)
    assert not is_quiet(rule, loud)
    if not is_quiet(rule, moment):
        assert loud == moment
