"""Beds: one patient has one, whoever writes; kinds are disjoint; the board adds up."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from tests.world import build_world

from lianfang.care import services
from lianfang.care.errors import (
    BedNotFree,
    BedTaken,
    NoBedFree,
    NoBedGiven,
    OutsideBedTime,
    RequestClosed,
    SharedWithSuspected,
    StepOutOfOrder,
    WardDoesNotSuit,
    WardInUse,
)
from lianfang.care.models import Bed, BedRequest, CareLevel, Direction, Stay, Upkeep, Ward
from lianfang.care.selectors import bed_board, capacity_ahead, waiting_list, ward_states
from lianfang.core.access.actor import Actor
from lianfang.core.intervals import refused_by

from .conftest import HOUR, Hospital


def test_a_bed_holds_one_patient(hospital):
    hospital.ward("ordinary")
    first, second = hospital.case(), hospital.case()
    hospital.lay(first, hospital.bed("ordinary"))
    with pytest.raises(BedTaken):
        hospital.lay(second, hospital.bed("ordinary"))


def test_going_elsewhere_ends_the_stay_and_the_bed_is_cleaned_before_it_is_given_again(hospital):
    hospital.ward("ordinary")
    hospital.ward("severe", CareLevel.SEVERE)
    patient, next_one = hospital.case(), hospital.case()
    hospital.lay(patient, hospital.bed("ordinary"))
    hospital.at += 5 * HOUR
    hospital.lay(patient, hospital.bed("severe"))
    assert Stay.objects.current().at(hospital.at).get(case=patient).bed.ward.name == "severe"
    with pytest.raises(BedNotFree):
        hospital.lay(next_one, hospital.bed("ordinary"))
    hospital.at += HOUR
    assert services.end_upkeep(bed=hospital.bed("ordinary"), by=hospital.fang, at=hospital.at) == 1
    hospital.lay(next_one, hospital.bed("ordinary"))


def test_no_door_writes_overlapping_stays(hospital):
    hospital.ward("ordinary")
    stay = hospital.lay(hospital.case(), hospital.bed("ordinary"))
    other = hospital.case()
    row = {"case": other, "person_id": other.person_id, "bed": stay.bed, "path": stay.path}
    row |= {"source_path": other.path, "recorded_at": hospital.at, "first_round_on": hospital.at.date()}
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        Stay.objects.bulk_create([Stay(**row, occurred_at=hospital.at - HOUR)])
    assert refused_by(caught.value) in {"patient_bed_once", "patient_within_bed"}
    moved = Stay.objects.create(**row, occurred_at=hospital.at, until_at=hospital.at)
    with pytest.raises(IntegrityError), transaction.atomic():
        Stay.objects.filter(pk=moved.pk).update(until_at=hospital.at + HOUR)


def test_nobody_lies_in_a_bed_that_is_closed(hospital):
    hospital.ward("ordinary", n=1)
    patient = hospital.case()
    bed = hospital.bed("ordinary")
    Bed.objects.filter(pk=bed.pk).update(until_at=hospital.at + HOUR)
    with pytest.raises(OutsideBedTime):
        hospital.lay(patient, bed)


def test_fewer_beds_only_as_far_as_they_are_empty(hospital):
    ward = hospital.ward("ordinary", n=3)
    hospital.lay(hospital.case(), hospital.bed("ordinary", 1))
    hospital.at += HOUR
    left = services.change_beds(ward=ward, n=0, from_at=hospital.at, by=hospital.fang, at=hospital.at)
    assert left == 1


class TestCohorts:
    def test_suspected_lie_alone(self, hospital):
        hospital.ward("shared", rooms_shared=True, cohort="confirmed")
        with pytest.raises(WardDoesNotSuit):
            hospital.lay(hospital.case("suspected"), hospital.bed("shared"))
        with pytest.raises(SharedWithSuspected):
            hospital.ward("wrong", rooms_shared=True, cohort="suspected")

    def test_women_and_men_apart_in_shared_rooms_only(self, hospital):
        hospital.ward("men", rooms_shared=True, cohort="confirmed", sex="male")
        hospital.ward("single", sex="male")
        woman = hospital.case()
        with pytest.raises(WardDoesNotSuit):
            hospital.lay(woman, hospital.bed("men"))
        hospital.lay(woman, hospital.bed("single"))


class TestRequests:
    def test_a_second_request_joins_the_first_and_the_higher_level_counts(self, hospital):
        case = hospital.case()
        first = hospital.ask(case, CareLevel.ORDINARY, note="cough")
        hospital.at += HOUR
        again = hospital.ask(case, CareLevel.SEVERE, note="breathless")
        assert again.pk == first.pk
        assert (again.level, again.asked_at) == (CareLevel.SEVERE, first.asked_at)
        assert again.note == "cough\nbreathless"

    def test_given_kept_and_met_by_lying_down(self, hospital):
        ward = hospital.ward("ordinary", n=1)
        case, other = hospital.case(), hospital.case()
        request = hospital.ask(case, CareLevel.ORDINARY)
        given = services.give_bed(request=request, ward=ward, by=hospital.chen, at=hospital.at)
        assert given.placed_at == hospital.at
        with pytest.raises(BedNotFree):
            hospital.lay(other, hospital.bed("ordinary"))
        hospital.at += HOUR
        hospital.lay(case, hospital.bed("ordinary"))
        request.refresh_from_db()
        assert request.met_at == hospital.at
        assert not Upkeep.objects.current().at(hospital.at).exists()
        with pytest.raises(RequestClosed):
            services.give_bed(request=request, ward=ward, by=hospital.chen, at=hospital.at)

    def test_withdrawn_frees_the_bed(self, hospital):
        ward = hospital.ward("ordinary", n=1)
        request = hospital.ask(hospital.case(), CareLevel.ORDINARY)
        services.give_bed(request=request, ward=ward, by=hospital.chen, at=hospital.at)
        hospital.at += HOUR
        services.withdraw_request(request=request, reason="sent home", by=hospital.fang, at=hospital.at)
        hospital.lay(hospital.case(), hospital.bed("ordinary"))

    def test_up_and_down_the_ladder(self, hospital):
        hospital.ward("severe", CareLevel.SEVERE)
        case = hospital.case()
        hospital.lay(case, hospital.bed("severe"))
        assert hospital.ask(case, CareLevel.CRITICAL).direction == Direction.UP
        BedRequest.objects.update(withdrawn_at=hospital.at)
        down = hospital.ask(case, CareLevel.ORDINARY)
        assert (down.direction, down.from_unit.code) == (Direction.DOWN, "420106-hosp")

    def test_waiting_list_by_severity_then_by_time(self, hospital):
        order = []
        for level in (0, 2, 0, 3):
            order.append(hospital.ask(hospital.case(), level).pk)
            hospital.at += HOUR
        assert [row.pk for row in waiting_list(hospital.chen)] == [order[3], order[1], order[0], order[2]]

    def test_the_way_is_reported_in_order_and_by_either_side(self, hospital):
        hospital.ward("ordinary", n=1)
        request = hospital.ask(hospital.case(), CareLevel.ORDINARY)
        said = {"request": request, "by": hospital.fang, "at": hospital.at}
        with pytest.raises(NoBedGiven):
            services.report_step(step="set_out", happened_at=hospital.at, **said)
        services.give_bed(request=request, ward=hospital.wards["ordinary"], by=hospital.chen, at=hospital.at)
        said["at"] = hospital.at = hospital.at + 2 * HOUR
        services.report_step(step="set_out", happened_at=hospital.at - HOUR, vehicle="鄂A·120", **said)
        with pytest.raises(StepOutOfOrder):
            services.report_step(step="arrived", happened_at=hospital.at - 2 * HOUR, **said)
        with pytest.raises(StepOutOfOrder):
            services.report_step(step="arrived", happened_at=hospital.at + HOUR, **said)
        services.report_step(step="taken_over", happened_at=hospital.at, **said)
        again = services.report_step(step="set_out", happened_at=hospital.at, **said)
        assert again.at == hospital.at - HOUR, "the same step again changes nothing"
        assert hospital.pathway(request.case).stage == "on_the_way"


class TestWards:
    def test_capacity_changes_on_a_day_to_come(self, hospital):
        ward = hospital.ward("ordinary", n=2)
        later = hospital.at + timedelta(days=3)
        services.change_beds(ward=ward, n=5, from_at=later, by=hospital.fang, at=hospital.at)
        services.change_beds(ward=ward, n=1, from_at=later + HOUR, by=hospital.fang, at=hospital.at)
        assert ward_states([ward], hospital.at)[ward.pk].usable == 2
        assert capacity_ahead(ward, hospital.at) == [(later, 5), (later + HOUR, 1)]

    def test_a_ward_is_closed_when_nobody_lies_there_and_set_up_again(self, hospital):
        ward = hospital.ward("ordinary", n=2)
        case = hospital.case()
        hospital.lay(case, hospital.bed("ordinary"))
        hospital.at += HOUR
        with pytest.raises(WardInUse):
            services.close_ward(ward=ward, reason="no staff", by=hospital.fang, at=hospital.at)
        services.record_departure(
            case=case, how="against_advice", left_at=hospital.at, by=hospital.fang, at=hospital.at
        )
        hospital.at += HOUR
        services.close_ward(ward=ward, reason="no staff", by=hospital.fang, at=hospital.at)
        assert bed_board(hospital.chen, at=hospital.at) == []
        ward = hospital.ward("ordinary", n=1)
        assert bed_board(hospital.chen, at=hospital.at)[0].usable == 1


class TestBoard:
    def test_usable_is_occupied_and_kept_and_free(self, hospital):
        hospital.ward("ordinary", n=5)
        hospital.lay(hospital.case(), hospital.bed("ordinary"))
        services.take_out_of_use(
            bed=hospital.bed("ordinary", 1),
            why="repair",
            from_at=hospital.at,
            by=hospital.fang,
            at=hospital.at,
        )
        (count,) = bed_board(hospital.chen, at=hospital.at)
        assert (count.usable, count.occupied, count.kept, count.free) == (5, 1, 1, 3)
        assert (count.reserved, count.cleaning, count.repair) == (0, 0, 1)
        assert (count.spare_percent, count.target_percent, count.target) == (60, 10, 1)

    def test_wuhan_on_29_february_2020(self, hospital):
        """Beds waiting for people (rules_2020 7.1): 51,550 usable, 21,441 empty, the three kinds apart."""
        place = hospital.world.places["4201"]
        counted = datetime(2020, 2, 29, 12, tzinfo=UTC)
        by = Actor.system("test")
        figures = {"hospital": (26911, 6704), "cabin": (13467, 7255), "point": (11172, 7482)}
        for kind, (usable, empty) in figures.items():
            services.tally_beds(
                place=place,
                kind=kind,
                usable=usable,
                occupied=usable - empty,
                counted_at=counted,
                by=by,
                at=counted,
            )
        board = bed_board(hospital.chen, at=counted)
        assert [(c.kind, c.usable, c.free) for c in board] == [(k, u, e) for k, (u, e) in figures.items()]
        assert sum(c.usable for c in board) == 51550
        assert sum(c.free for c in board) == 21441
        assert [round(c.occupied / c.usable, 4) for c in board] == [0.7509, 0.4613, 0.3303]

    def test_a_stranger_sees_no_bed(self, hospital):
        hospital.ward("ordinary")
        assert bed_board(hospital.world.actor("stranger"), at=hospital.at) == []


@pytest.mark.django_db(transaction=True)
def test_fifty_want_the_last_bed_and_one_gets_it():
    """Bar 6. Threads with a connection each; SQLite lets one writer in at a time, PostgreSQL refuses the others."""
    hospital = Hospital(build_world())
    ward = hospital.ward("last", n=1)
    requests = [hospital.ask(hospital.case(), CareLevel.ORDINARY) for _ in range(50)]
    won, lost, gate = [], [], threading.Barrier(50)

    def want(request):
        gate.wait()
        try:
            services.give_bed(request=request, ward=ward, by=hospital.chen, at=hospital.at)
            won.append(request.pk)
        except NoBedFree:
            lost.append(request.pk)
        finally:
            connection.close()

    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        pytest.skip(
            "an in-memory SQLite database has one connection: tests/acceptance does it with processes"
        )
    threads = [threading.Thread(target=want, args=(request,)) for request in requests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), len(lost)) == (1, 49)
    assert BedRequest.objects.filter(placed_at__isnull=False).count() == 1
    assert Ward.objects.get().beds.get().upkeep.count() == 1


__all__ = ["timedelta"]
