"""The score ranks as its formula says, and a crowd counts for what it is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.pure.visits.stays import DAY0, OFFSET, T0

from lianfang.visits.record import PlaceKind
from lianfang.visits.score import ExposureWeights, expected_near, score_pairs, score_stays
from lianfang.visits.working_set import Crowd, SharedStays

WEIGHTS = ExposureWeights(
    half_seconds=3600,
    by_kind={PlaceKind.OTHER: 0.5, PlaceKind.HOME: 1.0, PlaceKind.STATION: 0.2},
    near={PlaceKind.OTHER: 5, PlaceKind.HOME: 20, PlaceKind.STATION: 4},
    by_day=((-2, 0.8), (0, 1.0), (6, 0.3), (14, 0.0)),
)


def shared(*rows):
    """Stays of (index person, person, kind, start, seconds, present)."""
    columns = [np.array(column, dtype=np.int64) for column in zip(*rows, strict=True)]
    index, person, kind, start, seconds, present = columns
    return SharedStays(index, person, np.ones_like(index), kind.astype(np.int8), start, seconds, present)


def p_of(*row):
    return score_stays(shared(row), {1: DAY0}, WEIGHTS, utc_offset=OFFSET)[0]


def test_half_an_hour_glass():
    """One half time at home on the day of onset is 0.5; two are 0.75."""
    assert p_of(1, 2, PlaceKind.HOME, T0, 3600, 3) == pytest.approx(0.5)
    assert p_of(1, 2, PlaceKind.HOME, T0, 7200, 3) == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("day", "weight"), [(-3, 0), (-2, 0.8), (-1, 0.8), (0, 1), (5, 1), (6, 0.3), (13, 0.3), (14, 0)]
)
def test_days_since_onset_count_from_midnight_at_the_site(day, weight):
    for second in (0, 86_399):
        assert p_of(1, 2, PlaceKind.HOME, T0 + day * 86_400 + second, 3600, 3) == pytest.approx(0.5 * weight)


def test_a_crowd_thins_out_and_few_people_do_not():
    alone = p_of(1, 2, PlaceKind.STATION, T0, 3600, 4)
    assert alone == pytest.approx(0.1)
    assert p_of(1, 2, PlaceKind.STATION, T0, 3600, 400) == pytest.approx(alone / 100)
    assert p_of(1, 2, PlaceKind.STATION, T0, 3600, 1) == alone


def test_a_kind_without_weight_counts_as_other():
    assert p_of(1, 2, PlaceKind.MEAL, T0, 3600, 1) == p_of(1, 2, PlaceKind.OTHER, T0, 3600, 1)


def test_stays_add_up_and_pairs_are_ranked():
    stays = shared(
        (1, 2, PlaceKind.HOME, T0, 3600, 1),
        (1, 3, PlaceKind.HOME, T0, 3600, 1),
        (1, 3, PlaceKind.HOME, T0 + 86_400, 3600, 1),
        (9, 3, PlaceKind.STATION, T0, 60, 900),
    )
    scored = score_pairs(stays, {1: DAY0, 9: DAY0}, WEIGHTS, utc_offset=OFFSET)
    assert list(zip(scored.index_person, scored.person, strict=True)) == [(1, 3), (1, 2), (9, 3)]
    assert scored.score[:2] == pytest.approx([0.75, 0.5])
    assert [sorted(rows.tolist()) for rows in scored.stays] == [[1, 2], [0], [3]]
    none = SharedStays(*(np.empty(0, dtype=np.int64) for _ in range(7)))
    assert len(score_pairs(none, {}, WEIGHTS, utc_offset=OFFSET)) == 0


@given(
    st.lists(
        st.tuples(
            st.integers(1, 2),
            st.integers(3, 5),
            st.integers(0, 9),
            st.integers(-3, 20),
            st.integers(1, 90_000),
            st.integers(1, 5000),
        ),
        min_size=1,
    )
)
def test_more_is_never_less_and_the_score_stays_between_0_and_1(rows):
    rows = [(i, p, kind, T0 + day * 86_400, seconds, present) for i, p, kind, day, seconds, present in rows]
    scored = score_pairs(shared(*rows), {1: DAY0, 2: DAY0}, WEIGHTS, utc_offset=OFFSET)
    fewer = (
        score_pairs(shared(*rows[:-1]), {1: DAY0, 2: DAY0}, WEIGHTS, utc_offset=OFFSET) if rows[1:] else None
    )
    now = {(i, p): s for i, p, s in zip(scored.index_person, scored.person, scored.score, strict=True)}
    assert all(0 <= score <= 1 for score in now.values())
    assert sorted(n for part in scored.stays for n in part) == list(range(len(rows)))
    if fewer is not None:
        for i, p, score in zip(fewer.index_person, fewer.person, fewer.score, strict=True):
            assert now[i, p] >= score - 1e-12


def test_expected_near_of_a_crowd():
    numbers = np.array([4, 3000])
    crowd = Crowd(numbers, numbers, np.array([8, 8], dtype=np.int8), numbers, numbers, np.array([2, 3000]))
    assert expected_near(crowd, WEIGHTS).tolist() == [2, 4]


@pytest.mark.parametrize(
    "wrong",
    [{"half_seconds": 0}, {"by_day": ((2, 1.0), (1, 1.0))}, {"by_day": ()}, {"near": {PlaceKind.HOME: 1}}],
)
def test_wrong_weights_are_refused(wrong):
    right = {
        "half_seconds": 60,
        "by_kind": {PlaceKind.OTHER: 1},
        "near": {PlaceKind.OTHER: 1},
        "by_day": ((0, 1.0),),
    }
    with pytest.raises(ValueError, match="must"):
        ExposureWeights(**(right | wrong))
