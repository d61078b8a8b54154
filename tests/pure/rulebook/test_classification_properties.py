"""Whatever the facts: the same answer twice, evidence for every item met, and more proof never means less."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from lianfang.rulebook import (
    BloodCount,
    CaseFacts,
    Exposure,
    Imaging,
    LabTest,
    Pack,
    Status,
    Temperature,
    classify,
    default,
)
from lianfang.rulebook.expression import compile_definition
from lianfang.rulebook.facts import examine
from lianfang.rulebook.kinds import DiagnosisParameters
from lianfang.rulebook.leaves import build

BOOK = default()
PACKS = [BOOK.pack(disease) for disease in BOOK.diseases()]
DAYS = st.dates(date(2020, 1, 10), date(2020, 3, 31))
MOMENTS = st.datetimes(datetime(2020, 1, 10), datetime(2020, 3, 31), timezones=st.just(UTC))  # noqa: DTZ001


def names(group: str) -> st.SearchStrategy[str]:
    return st.sampled_from(sorted(BOOK.vocabulary[group]))


TESTS = st.builds(
    LabTest,
    kind=names("tests"),
    sampled_at=MOMENTS,
    result=st.sampled_from(["positive", "negative", "inconclusive", ""]),
    resulted_at=st.none() | MOMENTS,
    specimen=names("specimens"),
    laboratory=st.sampled_from(["a", "b"]),
    targets=st.none() | st.integers(0, 3),
    titre=st.none() | st.sampled_from([10.0, 20.0, 40.0, 80.0]),
    withdrawn=st.booleans(),
)
FACTS = st.builds(
    CaseFacts,
    onset_on=st.none() | DAYS,
    onset_of=st.dictionaries(st.just("maculopapular_rash"), DAYS, max_size=1),
    symptoms=st.dictionaries(names("signs"), st.booleans(), max_size=8),
    temperatures=st.lists(st.builds(Temperature, MOMENTS, st.sampled_from([36.5, 37.2, 37.3, 38.0, 39.1])), max_size=3).map(tuple),
    imaging=st.lists(st.builds(Imaging, at=MOMENTS, findings=st.frozensets(names("findings"), max_size=3)), max_size=2).map(tuple),
    blood=st.lists(
        st.builds(BloodCount, at=MOMENTS, white_cells=st.none() | st.sampled_from([4.0, 9.5, 9.6]), lymphocytes=st.none() | st.sampled_from([1.0, 1.1, 3.2, 3.3])),
        max_size=2,
    ).map(tuple),
    exposures=st.lists(st.builds(Exposure, names("exposures"), DAYS, st.integers(1, 3)), max_size=3).map(tuple),
    tests=st.lists(TESTS, max_size=5).map(tuple),
    flags=st.frozensets(names("statements"), max_size=2),
    diagnosed_clinically=st.booleans(),
    died_on=st.none() | DAYS,
)  # fmt: skip
PACK = st.sampled_from(PACKS)
AT = st.datetimes(datetime(2020, 1, 27), datetime(2020, 4, 30), timezones=st.just(UTC))  # noqa: DTZ001
PLACE = st.sampled_from(["", "330106", "420106"])


@given(FACTS, PACK, AT, PLACE)
def test_pure_the_same_facts_give_the_same_answer(
    facts: CaseFacts, pack: Pack, at: datetime, place: str
) -> None:
    first, second = classify(facts, pack, at, place), classify(facts, pack, at, place)
    assert first == second
    assert (first.met, first.missing) == (second.met, second.missing)


@given(FACTS, PACK, AT, PLACE, st.randoms(use_true_random=False))
def test_the_order_of_records_does_not_matter(
    facts: CaseFacts, pack: Pack, at: datetime, place: str, random
) -> None:
    parts = {}
    for name in ("tests", "exposures", "imaging", "blood", "temperatures"):
        records = list(getattr(facts, name))
        random.shuffle(records)
        parts[name] = tuple(records)
    moments = [test.sampled_at for test in facts.tests]
    if len(set(moments)) == len(moments):
        assert (
            classify(replace(facts, **parts), pack, at, place).criterion_id
            == classify(facts, pack, at, place).criterion_id
        )


@given(FACTS, PACK, AT)
def test_an_item_is_met_exactly_when_it_has_evidence(facts: CaseFacts, pack: Pack, at: datetime) -> None:
    for edition in BOOK.editions(f"{pack.disease}/diagnosis"):
        rule = edition.of(DiagnosisParameters)
        case = examine(facts, at)
        for item in rule.items.values():
            if item.test is not None:
                check, explain = build(item.test, rule.min_positive_labs)
                assert check(case) == bool(explain(case))


@given(FACTS, PACK, AT, PLACE)
def test_a_withdrawn_or_pending_test_is_as_none(
    facts: CaseFacts, pack: Pack, at: datetime, place: str
) -> None:
    known = tuple(
        t for t in facts.tests if not t.withdrawn and t.resulted_at is not None and t.resulted_at <= at
    )
    assert (
        classify(replace(facts, tests=known), pack, at, place).criterion_id
        == classify(facts, pack, at, place).criterion_id
    )


@given(FACTS, AT, PLACE)
def test_a_confirmed_case_stays_confirmed_with_more_findings(
    facts: CaseFacts, at: datetime, place: str
) -> None:
    pack = BOOK.pack("covid_19_cn_2020")
    if classify(facts, pack, at, place).status != Status.CONFIRMED:
        return
    onset = facts.onset_on or at.date()
    more = replace(
        facts,
        symptoms=facts.symptoms | {"cough": True, "fever": True},
        exposures=(*facts.exposures, Exposure("affected_area", onset - timedelta(days=3))),
        imaging=(*facts.imaging, Imaging(at=at, findings=frozenset({"consolidation"}))),
        tests=(*facts.tests, LabTest(kind="rt_pcr", sampled_at=at, resulted_at=at, result="negative")),
    )
    if facts.onset_on is not None:
        assert classify(more, pack, at, place).status == Status.CONFIRMED


@given(FACTS, AT, PLACE)
def test_a_positive_test_never_lowers_and_never_leaves_unclassified(
    facts: CaseFacts, at: datetime, place: str
) -> None:
    pack = BOOK.pack("covid_19_cn_2020")
    before = classify(facts, pack, at, place).status
    positive = LabTest(kind="rt_pcr", sampled_at=at, resulted_at=at, result="positive", laboratory="a")
    after = classify(replace(facts, tests=(*facts.tests, positive)), pack, at, place).status
    assert after not in (Status.NOT_CLASSIFIED, Status.EXCLUDED)
    if before == Status.CONFIRMED:
        assert after == Status.CONFIRMED


@given(FACTS, AT)
def test_a_sign_more_never_takes_a_suspicion_away(facts: CaseFacts, at: datetime) -> None:
    pack = BOOK.pack("covid_19_cn_2020")
    untested = replace(facts, tests=())
    if classify(untested, pack, at).status == Status.SUSPECTED:
        ill = replace(untested, symptoms=facts.symptoms | {"fever": True, "cough": True})
        assert classify(ill, pack, at).status == Status.SUSPECTED


@settings(max_examples=20)
@given(st.integers(1, 4), st.lists(TESTS, max_size=6).map(tuple), AT)
def test_more_laboratories_asked_for_never_confirms_more(
    needed: int, tests: tuple[LabTest, ...], at: datetime
) -> None:
    rule = BOOK.edition("covid_19_cn_2020/diagnosis@7").of(DiagnosisParameters)
    case = examine(CaseFacts(onset_on=date(2020, 2, 1), symptoms={"fever": True}, tests=tests), at)
    checks = [
        compile_definition(rule.model_copy(update={"min_positive_labs": n})).criteria[2].check(case)
        for n in (needed, needed + 1)
    ]
    assert checks[0] or not checks[1]
