"""Records come in once, late ones too; what cannot be a visit waits; days are dropped whole and provably."""

import json

import pyarrow as pa
import pytest
from hypothesis import given, settings
from tests.pure.visits.stays import DAY0, HOW, NOW, OFFSET, T0, a_store, records, stays

from lianfang.visits.ingest import take
from lianfang.visits.record import PlaceKind
from lianfang.visits.store import VisitStore, text_of

DAY = 86_400
MANY = settings(max_examples=15, deadline=None, derandomize=True)


def send(store, rows, keys=None, at=NOW, source="gate"):
    return take(records(rows, keys), source=source, store=store, how=HOW, at=at)


def held(store):
    """Return each visit once, as (person, place, arrive, leave)."""
    rows = store.read().to_pylist()
    return sorted({(r["person"], r["place"], r["arrive"], r["leave"]) for r in rows})


@pytest.fixture
def store(tmp_path):
    return VisitStore(tmp_path / "lake", utc_offset=OFFSET)


@MANY
@given(stays)
def test_the_same_records_in_any_portions_and_again_are_the_same_visits(rows):
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        whole = a_store(Path(folder) / "whole", rows)
        store = VisitStore(Path(folder) / "parts", utc_offset=OFFSET)
        keys = [f"k{n}" for n in range(len(rows))]
        order = sorted(range(len(rows)), key=lambda n: (n % 3, -n))  # late ones come last, backwards
        for portion in (order[: len(order) // 2], order, order[len(order) // 2 :]):
            taken = send(store, [rows[n] for n in portion], [keys[n] for n in portion])
            assert taken.new + taken.known + taken.closed + taken.parked == len(portion)
        assert held(store) == held(whole)
        assert sum(map(store.n_rows, store.days())) == sum(map(whole.n_rows, whole.days()))


def test_one_key_of_two_sources_is_two_visits(store):
    row = (1, 1, 0, T0, T0 + 600)
    assert send(store, [row, row], ["a", "a"]).known == 1
    assert send(store, [row], ["a"], source="other").new == 1
    assert store.n_rows(DAY0) == 2


def test_a_stay_stands_in_each_day_that_it_touches_and_ends_before_midnight_touch_one(store):
    send(store, [(1, 1, 1, T0 + DAY - 600, T0 + 3 * DAY), (2, 1, 1, T0, T0 + DAY)])
    assert {text_of(day): store.n_rows(day) for day in store.days()} == {
        "2020-02-08": 2,
        "2020-02-09": 1,
        "2020-02-10": 1,
    }


def test_who_does_not_check_out_stays_as_long_as_assumed_until_the_end_is_known(store):
    """The end arrives a day later under the same key: the assumed stay goes, the true one stands, over midnight too."""
    entered = T0 + DAY - 900
    assert (
        send(store, [(1, 1, PlaceKind.VEHICLE, entered, None), (2, 1, 0, entered, None)], ["a", "b"]).new == 2
    )
    assert held(store) == [(1, 1, entered, entered + 1800), (2, 1, entered, entered + 3600)]
    assert send(store, [(1, 1, PlaceKind.VEHICLE, entered, None)], ["a"]).known == 1
    closing = send(store, [(1, 1, PlaceKind.VEHICLE, entered, entered + 300)], ["a"])
    assert (closing.new, closing.closed) == (0, 1)
    assert held(store) == [(1, 1, entered, entered + 300), (2, 1, entered, entered + 3600)]
    assert send(store, [(1, 1, PlaceKind.VEHICLE, entered, entered + 999)], ["a"]).known == 1, (
        "one end is enough"
    )
    assert send(store, [(1, 1, PlaceKind.VEHICLE, entered, None)], ["a"]).known == 1


@pytest.mark.parametrize(
    ("row", "key", "reason"),
    [
        ((1, 1, 0, T0, T0), "k", "leaves before or when arriving"),
        ((1, 1, 0, T0, T0 - 1), "k", "leaves before or when arriving"),
        ((1, 1, 0, T0, T0 + 7 * DAY + 1), "k", "stay longer than the longest"),
        ((1, 1, 0, NOW + 301, None), "k", "arrives in the future"),
        ((1, 1, 99, T0, None), "k", "unknown kind of place"),
        ((1, 1, None, T0, None), "k", "unknown kind of place"),
        ((None, 1, 0, T0, None), "k", "no person"),
        ((1, None, 0, T0, None), "k", "no place"),
        ((1, 1, 0, None, T0), "k", "no arrival"),
        ((1, 1, 0, T0, None), "", "no key"),
    ],
)
def test_what_cannot_be_a_visit_waits_with_its_reason(store, row, key, reason):
    good = (5, 1, 0, T0, T0 + 600)
    for _again in range(2):
        taken = send(store, [good, row], ["good", key])
        assert taken.parked == 1
    assert [(p.key, p.reason) for p in store.parked()] == [(key, reason)]
    assert json.loads(store.parked()[0].row)["person"] == row[0]
    assert len(held(store)) == 1


def test_the_edge_of_what_can_be_is_taken(store):
    assert send(store, [(1, 1, 0, T0, T0 + 7 * DAY), (1, 1, 9, NOW + 300, None)]).new == 2


def test_a_repaired_record_leaves_the_list(store):
    send(store, [(1, 1, 0, T0, T0 - 5), (2, 1, 0, T0, T0 - 5)], ["a", "b"])
    assert send(store, [(1, 1, 0, T0, T0 + 5)], ["a"]).new == 1
    assert [p.key for p in store.parked()] == ["b"]


def test_dropping_days_leaves_no_file_and_no_second_of_them(store):
    send(
        store,
        [
            (1, 1, 0, T0, T0 + 600),
            (2, 1, 0, T0 + DAY, T0 + DAY + 600),
            (3, 1, 1, T0 + DAY - 60, T0 + 3 * DAY),
        ],
    )
    store.append_who(DAY0, pa.table({"person": [1, 3]}))
    before = store.files()
    proofs = store.drop_before(DAY0 + 1)
    assert [(p.day, p.rows, p.is_gone) for p in proofs] == [("2020-02-08", 2, True)]
    assert proofs[0].bytes > 0
    assert [path for path in before if path.exists() and path.parent.name == "2020-02-08"] == []
    assert not (store.root / "2020-02-08").exists()
    assert store.days() == [DAY0 + 1, DAY0 + 2]
    assert min(store.read()["arrive"].to_pylist()) == T0 + DAY, (
        "the stay over midnight lost its part of the day"
    )
    assert store.drop_before(DAY0 + 1) == []


def test_a_dropped_day_does_not_open_again(store):
    send(store, [(1, 1, 0, T0, T0 + 600), (1, 1, 0, T0 + DAY, T0 + DAY + 600)])
    store.drop_before(DAY0 + 1)
    assert send(store, [(9, 1, 0, T0 + 5, T0 + 700)], ["late"]).parked == 1
    assert store.parked()[0].reason == "day already dropped"
    assert send(store, [(9, 1, 0, T0 + DAY, None)], ["late, but held"]).new == 1


def test_a_killed_writer_leaves_nothing_that_is_read(store):
    """Files are written before the manifest names them; what a killed drop left is swept by the next one."""
    send(store, [(1, 1, 0, T0, T0 + 600)])
    with pytest.raises(RuntimeError), store.writing() as draft:
        draft.append(DAY0, store.read())
        raise RuntimeError
    assert store.n_rows(DAY0) == 1
    assert len(held(store)) == len(store.read())
    left = store.root / "2020-02-01"
    left.mkdir()
    (left / "part-1.parquet").write_bytes(b"of a killed drop")
    store.drop_before(DAY0)
    assert not left.exists()
    assert store.days() == [DAY0]


def test_the_files_are_sorted_by_place_and_arrival(store):
    send(store, [(n % 7, n % 3, 0, T0 + (n * 977) % DAY, None) for n in range(50)])
    table = store.read(DAY0, DAY0)
    order = list(zip(table["place"].to_pylist(), table["arrive"].to_pylist(), strict=True))
    assert order == sorted(order)


def test_the_offset_of_a_store_does_not_change(tmp_path):
    a_store(tmp_path, [(1, 1, 0, T0, T0 + 600)])
    assert VisitStore(tmp_path, utc_offset=0).utc_offset == OFFSET
