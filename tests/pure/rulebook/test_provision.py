"""Charter load, price rises, waste, rest and sets of goods."""

from datetime import date, datetime, timedelta

import pytest

from lianfang.rulebook import NoEditionError, Rulebook
from lianfang.rulebook.kinds.supply import (
    GuardianlessParameters,
    PriceParameters,
    RoomParameters,
    TeamRestParameters,
)
from lianfang.rulebook.provision import (
    charter_seats,
    days_off_owed,
    is_sharp_rise,
    markup_percent,
    sets_needed,
    waste_due,
)

MARCH = date(2020, 3, 1)
WUHAN, XIAOGAN, HUNAN, YICHANG, WEIFANG = "420106", "420902", "430102", "420502", "370702"


@pytest.mark.parametrize(("rated", "seats"), [(0, 0), (1, 0), (2, 1), (49, 24), (50, 25), (51, 25)])
def test_a_bus_is_half_full(book: Rulebook, rated: int, seats: int) -> None:
    assert charter_seats(rated, book, MARCH) == seats


def test_seats_are_not_negative(book: Rulebook) -> None:
    with pytest.raises(ValueError, match=r"rated_seats must be 0 or more\. Got -1"):
        charter_seats(-1, book, MARCH)


@pytest.mark.parametrize(("price", "hunan", "weifang"), [(114, False, False), (115, False, False), (116, True, False), (135, True, False), (136, True, True)])  # fmt: skip
def test_a_sharp_rise_by_place(book: Rulebook, price: float, hunan: bool, weifang: bool) -> None:
    assert is_sharp_rise(100, price, book, MARCH, HUNAN) is hunan
    assert is_sharp_rise(100, price, book, date(2022, 5, 1), WEIFANG) is weifang
    assert is_sharp_rise(100, price, book, MARCH, WEIFANG) is None
    assert is_sharp_rise(100, price, book, MARCH, YICHANG) is None


def test_the_base_day_of_the_price_is_local(book: Rulebook) -> None:
    base = {
        p: book.rule("price_rise", at=MARCH, place=p).of(PriceParameters).base_on
        for p in (HUNAN, YICHANG, WUHAN)
    }
    assert base == {HUNAN: date(2020, 1, 24), YICHANG: date(2020, 1, 21), WUHAN: None}
    with pytest.raises(ValueError, match="base_price must be above 0"):
        markup_percent(0, 5)


@pytest.mark.parametrize(("celsius", "hours"), [(None, 48), (25, 48), (25.1, 48), (-5, 48)])
def test_waste_is_stored_two_days_at_most(book: Rulebook, celsius: float | None, hours: int) -> None:
    generated = datetime.fromisoformat("2020-03-01T08:00+08:00")
    assert waste_due(generated, book, MARCH, celsius=celsius) == generated + timedelta(hours=hours)


@pytest.mark.parametrize(("worked", "owed"), [(0, 0), (9, 0), (10, 2), (19, 2), (20, 4)])
def test_two_days_off_in_ten_in_wuhan(book: Rulebook, worked: int, owed: float) -> None:
    assert days_off_owed(worked, book, MARCH, WUHAN) == owed


def test_rest_elsewhere(book: Rulebook) -> None:
    assert days_off_owed(30, book, MARCH, XIAOGAN) is None
    assert (
        str(book.rule("team_rest", at=MARCH, place=XIAOGAN).of(TeamRestParameters).months_continuous) == "≤ 1"
    )
    chongqing = book.rule("team_rest", at=MARCH, place="50").of(TeamRestParameters)
    assert (chongqing.doctor_hours_per_week, chongqing.nurse_hours_per_week) == ((25, 30), (20, 24))
    with pytest.raises(NoEditionError):
        days_off_owed(10, book, MARCH, "33")


@pytest.mark.parametrize(("persons", "days", "sets"), [(3, 3, 1), (4, 3, 2), (3, 4, 2), (6, 6, 4), (0, 3, 0)])
def test_a_set_is_for_three_persons_and_three_days(
    book: Rulebook, persons: int, days: int, sets: int
) -> None:
    assert sets_needed(persons, days, book, MARCH, WUHAN) == sets
    assert sets_needed(persons, days, book, MARCH, YICHANG) is None


def test_rooms_and_guardianless_children(book: Rulebook) -> None:
    rooms = book.rule("rooms", at=MARCH).of(RoomParameters)
    assert (rooms.suspected_share, rooms.confirmed_share) == (False, True)
    steps = [s.en for s in book.rule("guardianless", at=MARCH).of(GuardianlessParameters).steps]
    assert steps.index("report to the village first") < steps.index("village reports to the township")
