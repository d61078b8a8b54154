"""What holds for every duty that is registered, whoever wrote it.

A duty that is not in `histories.STORIES` fails here: add how it is owed, proved and unproved.
"""

import os
import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.apps.loop.play import forget
from tests.conformance.histories import HOUR, OFFICE, OUTBREAK, STORIES, WARD, Stage, Step, confirmed
from tests.world import NOON

from lianfang.common.clock import local_day
from lianfang.core.registry.models import EXPECTED_LEVEL, Jurisdiction, Unit, UnitCapability
from lianfang.loop.derivation import derivations
from lianfang.loop.duty import Duty, duties
from lianfang.loop.models import Finding, Task, Touched, Transition
from lianfang.loop.reconcile import Outcome, reconcile
from lianfang.loop.worker import sweep, turn
from lianfang.web.subjects import _DESCRIBE

pytestmark = pytest.mark.django_db
CODES = [duty.code for duty in duties]
HISTORIES = {"outbreak": OUTBREAK, "office": OFFICE, "ward": WARD}
# What a task says; not when the system learnt it, nor which check was drawn on the way.
COLUMNS = (
    "duty",
    "subject_id",
    "occasion",
    "unit_id",
    "path",
    "since_at",
    "due_at",
    "met_at",
    "risk",
    "status",
)


@contextmanager
def undone() -> Iterator[None]:
    """What happens inside leaves no trace in the database."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


# LIANFANG_EXAMPLES=20 looks twenty times as hard, as the nightly run does.
_TIMES = int(os.environ.get("LIANFANG_EXAMPLES", "1"))


def examples(n: int) -> settings:
    checks = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(
        max_examples=n * _TIMES, deadline=None, suppress_health_check=checks, derandomize=True, database=None
    )


histories = st.tuples(
    st.sampled_from(sorted(HISTORIES)),
    st.lists(st.integers(0, 10_000), min_size=4, max_size=10),
    st.integers(0, 2**32),
)


def replayed(stage: Stage, at: datetime, seed: int) -> Stage:
    return Stage(stage.world, random.Random(seed), at)


def tasks(*columns: str) -> list[tuple]:
    return sorted(Task.objects.exclude(status="void").values_list(*(columns or COLUMNS)), key=repr)


def full_passes(at: datetime) -> list[Outcome]:
    return [outcome for duty in duties if (outcome := reconcile(duty, at=at)).written]


def derive_stale(at: datetime) -> None:
    for derivation in derivations:
        derivation.derive(list(derivation.stale(at)), at)


def open_or_met(code: str, subject: int) -> list[str]:
    return list(Task.objects.filter(duty=code, subject_id=subject).values_list("status", flat=True))


def test_every_duty_has_a_story() -> None:
    missing = sorted(set(CODES) - set(STORIES))
    assert not missing, (
        f"add to tests/conformance/histories how these are owed and proved: {', '.join(missing)}"
    )
    assert set(STORIES) == set(CODES)


@given(histories)
@examples(6)
def test_a_b_incremental_is_full_and_full_again_is_nothing(stage: Stage, history) -> None:
    """(a) idempotent, (b) incremental = full: after some acts and one turn, full passes find nothing to write."""
    name, choices, seed = history
    with undone():
        play = replayed(stage, NOON, seed)
        for n, some in enumerate((choices[:-3], choices[-3:-1], choices[-1:])):
            play.at = NOON + n * 17 * HOUR
            sweep(at=play.at)  # the day moves on
            steps = [HISTORIES[name][choice % len(HISTORIES[name])] for choice in some]
            for step in steps:
                step(play)
            turn(at=play.at)
            assert not Touched.objects.exists()
            told = [step.__name__ for step in steps]
            assert full_passes(play.at) == [], f"{told}: a fact was not touched, or a duty watches too little"


@given(histories, st.sampled_from([7, 17, 24 * 3]))
@examples(4)
def test_b_short_sweeps_and_turns_are_a_whole_sweep(stage: Stage, history, hours: int) -> None:
    """(b) the days that short sweeps do not look at change by facts alone, and those are touched."""
    name, choices, seed = history
    with undone():
        play = replayed(stage, NOON, seed)
        sweep(at=play.at)
        turn(at=play.at)
        for choice in choices:
            HISTORIES[name][choice % len(HISTORIES[name])](play)
            turn(at=play.at)
            play.at += hours * HOUR
            sweep(at=play.at, whole_at=NOON)
        turn(at=play.at)
        assert full_passes(play.at) == []


def test_duties_by_the_day_are_marked(stage: Stage) -> None:
    """Every duty of which days are owed takes short passes.

    Tests of contacts are on named days, few and cheap; a round every few days stays open beyond its first.
    """
    by_day, tomorrow = set(), stage.at + 24 * HOUR
    for duty in duties:
        with undone():
            STORIES[duty.code].owe(replayed(stage, stage.at, 1))
            derive_stale(stage.at)
            reconcile(duty, at=tomorrow)
            occasions = Task.objects.filter(duty=duty.code).values_list("occasion", flat=True)
            if any(re.fullmatch(r"\d{4}-\d{2}-\d{2}", occasion) for occasion in occasions):
                by_day.add(duty.code)
            if duty.daily:
                assert reconcile(duty, at=tomorrow, first_day=local_day(tomorrow)).written == 0
    assert {duty.code for duty in duties if duty.daily} == by_day - {"contacts.swab", "measures.keep_up"}


@given(histories)
@examples(4)
def test_c_when_the_loop_is_told_does_not_matter(stage: Stage, history) -> None:
    """(c) one turn after each act, or one at the end, or none and a sweep: the same tasks."""
    name, choices, seed = history
    results = []
    # What answers to the tasks themselves (words, checks) needs them to be there; the rest must not care.
    reads_tasks = {"give_word", "take_word_back", "verify"}
    steps = [
        step
        for c in choices
        if (step := HISTORIES[name][c % len(HISTORIES[name])]).__name__ not in reads_tasks
    ]
    for told in ("each", "end", "never"):
        with undone():
            play = replayed(stage, NOON, seed)
            for n, step in enumerate(steps):
                play.at = NOON + n * 5 * HOUR
                step(play)
                if told == "each":
                    turn(at=play.at)
            if told == "never":
                Touched.objects.all().delete()
            else:
                turn(at=play.at)
            sweep(at=play.at)
            turn(at=play.at)
            results.append(in_order_of_arrival(tasks()))
    assert results[0] == results[1] == results[2]


def in_order_of_arrival(rows: list[tuple]) -> list[tuple]:
    """Name each subject by its place among its kind: PostgreSQL leaves gaps in numbers and takes none back.

    Findings are named by what they are about: when the loop is told decides in which order it finds them. What a run
    of the outlook finds, it finds when it is made; and the foci that it writes carry no numbers of facts.
    """
    computed = set(Finding.objects.filter(kind__startswith="outlook.").values_list("pk", flat=True))
    ids = {
        duty.code: {
            pk: n
            for n, pk in enumerate(duty.subject._base_manager.order_by("pk").values_list("pk", flat=True))
        }
        for duty in duties
    }
    about = {f.pk: (f.kind, f.key, ids["cases.investigate"].get(f.subject_id)) for f in Finding.objects.all()}
    named = [
        (code, about[pk] if duties.get(code).subject is Finding else ids[code].get(pk, pk), *rest)
        if not code.startswith("outlook.")
        else (code, 0, *rest)
        for code, pk, *rest in rows
        if code != "loop.verify" and not (code == "loop.judge" and pk in computed)
    ]
    return sorted(named, key=repr)


@given(st.lists(st.permutations(range(7)), min_size=3, max_size=3), st.integers(0, 3))
@examples(2)
def test_c_the_order_in_which_facts_arrive_does_not_matter(stage: Stage, orders, turns) -> None:
    """(c) the same facts, in any order in which they can come: the same tasks."""
    results = []
    for sequence in (range(7), *orders):
        with undone():
            play = replayed(stage, NOON, 1)
            case, contact = confirmed(play), STORIES["contacts.notify"].owe(play)
            sample = STORIES["cases.test"].owe(play)
            acts: list[Step] = [
                lambda s, pk=case.pk: STORIES["cases.investigate"].prove(s, pk),
                lambda s, pk=sample: STORIES["cases.test"].prove(s, pk),
                lambda s, pk=contact: STORIES["contacts.observe"].prove(s, pk),
                STORIES["contacts.signs"].owe,
                lambda s, pk=case.pk: STORIES["cases.sample"].prove(s, pk),
                lambda s: STORIES["loop.appoint"].prove(s, 0),
                STORIES["registry.decide_match"].owe,
            ]
            for n, which in enumerate(sequence):
                acts[which](play)
                if turns and n % turns == 0:
                    turn(at=play.at)
            sweep(at=play.at)
            turn(at=play.at)
            rows = tasks("duty", "occasion", "unit_id", "since_at", "due_at", "met_at", "status")
            results.append([row for row in rows if row[0] != "loop.verify"])
    assert all(result == results[0] for result in results)


@given(histories, st.sampled_from([1, 25, 24 * 8, 24 * 40]))
@examples(5)
def test_d_time_alone_forgives_nothing(stage: Stage, history, hours: int) -> None:
    """(d) moving only the clock withdraws no task, undoes no evidence and moves no deadline."""
    name, choices, seed = history
    with undone():
        play = replayed(stage, NOON, seed)
        for choice in choices:
            HISTORIES[name][choice % len(HISTORIES[name])](play)
        sweep(at=play.at)
        turn(at=play.at)
        owed = {row[:3]: row[6] for row in tasks()}
        later = play.at + timedelta(hours=hours)
        derive_stale(later)
        turn(at=later)
        for duty in duties:
            outcome = reconcile(duty, at=later)
            assert (outcome.withdrawn, outcome.reopened) == (0, 0), duty.code
        still = {row[:3]: row[6] for row in tasks()}
        assert {key: still.get(key) for key in owed} == owed


@pytest.mark.parametrize("code", CODES)
def test_e_evidence_closes_and_its_removal_opens(stage: Stage, code: str) -> None:
    story = STORIES[code]
    subject = story.owe(stage)
    turn(at=stage.at)
    if story.prove is None:
        assert open_or_met(code, subject) == ["done"]
        story.unprove(stage, subject)
        turn(at=stage.at)
        assert open_or_met(code, subject) == ["void"]
        return
    assert open_or_met(code, subject) == ["open"]
    for _ in range(2):
        stage.at += HOUR
        story.prove(stage, subject)
        turn(at=stage.at)
        assert open_or_met(code, subject) == ["done"]
        stage.at += HOUR
        story.unprove(stage, subject)
        turn(at=stage.at)
        assert open_or_met(code, subject) == ["open"]


@pytest.mark.parametrize("code", CODES)
def test_f_somebody_is_always_answerable(stage: Stage, code: str) -> None:
    """(f) with every unit but the root closed the root answers, and each gap is a duty of its own."""
    subject = STORIES[code].owe(stage)
    sweep(at=stage.at)
    task = Task.objects.get(duty=code, subject_id=subject)
    assert task.unit.closed_at is None
    root = stage.world.units["cn-nha"]
    UnitCapability.objects.exclude(unit=root).delete()
    Jurisdiction.objects.update(unit=None)  # as if nobody had ever been named
    assert reconcile(duties.get(code), at=stage.at).withdrawn == 0
    for row in Task.objects.filter(duty=code).exclude(status="void"):
        assert Unit.objects.filter(pk=row.unit_id).exists()


def test_f_a_gap_is_a_duty_of_the_unit_above(stage: Stage) -> None:
    sweep(at=stage.at)
    gaps = Jurisdiction.objects.filter(gap_since__isnull=False)
    assert {gap.capability for gap in gaps} <= set(EXPECTED_LEVEL)
    assert gaps.exists()
    owners = dict(Task.objects.filter(duty="loop.appoint").values_list("subject_id", "unit_id"))
    assert owners == {gap.pk: gap.unit_id for gap in gaps}
    assert stage.world.units["4201-cdc"].pk in owners.values()


@pytest.mark.parametrize("code", CODES)
def test_g_the_number_of_queries_does_not_grow(stage: Stage, code: str) -> None:
    """(g) one subject or several: a pass takes the same statements, in full and for some."""
    duty, counts = duties.get(code), []
    for n in (1, 4):
        if code != "loop.appoint":  # its subjects are all there from the start
            for _ in range(n):
                STORIES[code].owe(stage)
        ids = list(duty.subject.objects.values_list("pk", flat=True))
        forget(Task.objects.filter(duty=code))
        counts.append((_statements(duty, stage.at, ids), _statements(duty, stage.at, None)))
    assert counts[0] == counts[1]
    assert max(counts[0]) <= 26


def _statements(duty: Duty, at: datetime, subjects: list[int] | None) -> int:
    with CaptureQueriesContext(connection) as taken:
        reconcile(duty, at=at, subjects=subjects)
    return len(taken)


@pytest.mark.parametrize("code", CODES)
def test_i_its_sentence_is_one(code: str) -> None:
    """(i) the docstring is one sentence that a health worker reads."""
    sentence = duties.get(code).sentence
    assert re.fullmatch(r"[A-Z][^.!?;`_]+\.", sentence), sentence
    assert 6 <= len(sentence.split()) <= 28, sentence
    assert str(duties.get(code).title).strip()


def test_what_a_duty_is_about_has_a_name() -> None:
    """A list of tasks names its subjects in the reader's language, not as `Arrival 2`."""
    assert {duty.subject._meta.label for duty in duties} <= set(_DESCRIBE)


@pytest.mark.parametrize("name", sorted(HISTORIES))
def test_the_histories_reach_every_duty(stage: Stage, name: str) -> None:
    """A long history opens and closes tasks of each duty that it stands for: the properties above do not hold of nothing."""
    play = replayed(stage, NOON, 11)
    wanted = {(code, "met") for code, story in STORIES.items() if story.kind == name}
    wanted |= {(code, "opened") for code, _ in wanted if STORIES[code].prove is not None}
    reached: set[tuple[str, str]] = set()
    for _ in range(40):
        for step in play.dice.sample(HISTORIES[name], k=len(HISTORIES[name])):
            play.at += HOUR / 2
            step(play)
        turn(at=play.at)
        reached = set(Transition.objects.values_list("task__duty", "word"))
        if wanted <= reached:
            break
    assert wanted <= reached
