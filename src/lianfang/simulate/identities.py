"""Invented identities of residents: names, numbers, phones, addresses. Recognisably fictional, never anybody's."""

from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lianfang.simulate.city import SEXES, City
from lianfang.simulate.names import person_names, weights

CHECK_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643, the sum modulo 11
CHECK_DIGITS = "10X98765432"
PHONE_PREFIX = "100"  # no mobile number begins like this
PHONE_STEP = 39_916_801  # prime to 10^8, so that no two residents share a number
ADULT = 14


def check_digit(digits: str) -> str:
    """Return the check digit of the first 17 digits of a resident identity number (GB 11643-1999).

    >>> check_digit("11010519491231002")
    'X'
    """
    return CHECK_DIGITS[sum(int(d) * w for d, w in zip(digits, CHECK_WEIGHTS, strict=True)) % 11]


def identities(
    city: City, persons: NDArray[np.integer] | None = None, *, at: date = date(2020, 1, 6), seed: int = 0
) -> pl.DataFrame:
    """Return name, pinyin, sex, age, birth date, identity number, phone and address of residents (all by default).

    Children share the surname of the head of the household, spouses have their own; children under 14 share the
    head's phone. Identity numbers have 18 places but a check digit that is wrong on purpose, and phones begin with
    100, which no mobile number does. The same city and seed give a person the same identity whoever else is asked for.

    >>> from lianfang.simulate import build_city
    >>> identities(build_city(500), seed=3)["id_number"].str.len_chars().unique().to_list()
    [18]
    """
    rows = np.arange(len(city)) if persons is None else np.asarray(persons, dtype=np.int64)
    generator = np.random.default_rng([city.seed, seed, 21])
    number = len(city)
    surname = generator.choice(len(weights()), number, p=weights())
    days, serial, house = (
        generator.random(number),
        generator.integers(0, 500, number),
        generator.integers(1, 400, number),
    )
    given = generator.random((number, 3))[rows]
    people = city.residents[rows]
    head = people["house_start"].astype(np.int64)
    keeps_own = (rows - head == 1) & (people["age"] >= 18)
    names, sounds = person_names(people["sex"], surname[np.where(keeps_own, rows, head)], given)
    births = _births(people["age"], days[rows], at)
    owner = np.where(people["age"] < ADULT, head, rows)
    county = [city.county_codes[place] for place in people["county"].tolist()]
    return pl.DataFrame(
        {
            "person": rows.astype(np.int32),
            "name": names,
            "pinyin": sounds,
            "sex": [SEXES[sex] for sex in people["sex"].tolist()],
            "age": people["age"].copy(),
            "birth_date": births,
            "id_number": [
                id_number(code, birth, 2 * int(order) + int(sex))
                for code, birth, order, sex in zip(county, births, serial[rows], people["sex"], strict=True)
            ],
            "phone": [f"{PHONE_PREFIX}{(int(person) + 1) * PHONE_STEP % 10**8:08d}" for person in owner],
            "address": _addresses(city, people, house[head]),
        }
    )


def id_number(county: str, birth: date, order: int) -> str:
    """Return an identity number whose check digit is wrong by one place of the digit table."""
    area = county if len(county) == 6 and county.isdigit() else "990199"
    digits = f"{area}{birth:%Y%m%d}{order:03d}"
    return digits + CHECK_DIGITS[(CHECK_DIGITS.index(check_digit(digits)) + 1) % 11]


def _births(ages: NDArray[np.int16], shares: NDArray[np.float64], at: date) -> list[date]:
    """Return birth dates of people who have these ages at a date."""
    births = []
    for age, share in zip(ages.tolist(), shares.tolist(), strict=True):
        last = at.replace(year=at.year - age, day=min(at.day, 28))
        births.append(last - timedelta(days=int(share * 364)))
    return births


def _addresses(city: City, people: NDArray[np.void], houses: NDArray[np.int64]) -> list[str]:
    """Return addresses: the names of the places from county to cell, and the house number of the household."""
    names = dict(zip(city.places["code"], city.places["name"], strict=True))
    parents = dict(zip(city.places["code"], city.places["parent"], strict=True))
    prefixes = {}
    for number in np.unique(people["cell"]).tolist():
        code: str | None = city.cell_codes[number]
        parts = []
        while code is not None:
            parts.append(names[code])
            code = parents[code]
        prefixes[number] = "".join(reversed(parts))
    return [
        f"{prefixes[cell]}{house}号"
        for cell, house in zip(people["cell"].tolist(), houses.tolist(), strict=True)
    ]
