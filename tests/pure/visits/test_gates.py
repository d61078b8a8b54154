"""Entries and exits become stays."""

import polars as pl
import pytest

from lianfang.visits.gates import pair_readings


def readings(*rows):
    columns = ["key", "person", "place", "kind", "at", "way"]
    return pl.DataFrame(list(rows), schema=columns, orient="row")


def test_an_entry_and_the_next_exit_are_one_stay():
    paired = pair_readings(
        readings(
            ("b", 1, 7, 9, 200, "out"),
            ("a", 1, 7, 9, 100, "in"),
            ("c", 1, 8, 9, 150, "in"),
            ("d", 2, 7, 9, 120, "in"),
            ("a", 1, 7, 9, 999, "in"),
        )
    )
    assert sorted(paired.stays.rows()) == [
        ("a", 1, 7, 9, 100, 200),
        ("c", 1, 8, 9, 150, None),
        ("d", 2, 7, 9, 120, None),
    ]
    assert len(paired.lone_exits) == 0


def test_only_the_latest_entry_is_closed_and_an_exit_without_entry_is_told():
    paired = pair_readings(
        readings(
            ("a", 1, 7, 9, 100, "in"),
            ("b", 1, 7, 9, 300, "in"),
            ("c", 1, 7, 9, 400, "out"),
            ("d", 1, 7, 9, 500, "out"),
            ("e", 3, 7, 9, 50, "out"),
        )
    )
    assert sorted(paired.stays.rows()) == [("a", 1, 7, 9, 100, None), ("b", 1, 7, 9, 300, 400)]
    assert sorted(paired.lone_exits["key"]) == ["d", "e"]


def test_out_and_in_at_one_second_are_two_stays():
    paired = pair_readings(
        readings(
            ("a", 1, 7, 9, 100, "in"),
            ("b", 1, 7, 9, 200, "in"),
            ("c", 1, 7, 9, 200, "out"),
            ("d", 1, 7, 9, 300, "out"),
        )
    )
    assert sorted(paired.stays.rows()) == [("a", 1, 7, 9, 100, 200), ("b", 1, 7, 9, 200, 300)]


def test_a_reading_has_a_way():
    with pytest.raises(ValueError, match="way must be"):
        pair_readings(readings(("a", 1, 7, 9, 100, "through")))
