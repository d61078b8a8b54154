"""A line list comes in: cases with their facts; the same again changes nothing; corrections supersede; nothing is lost."""

from datetime import date, timedelta

import pytest
from tests.apps.intake.importing import Desk
from tests.world import NOON

from lianfang.cases.models import Case, EpiLink, Report, Result, Sample, Sign
from lianfang.core.registry.models import Person
from lianfang.intake.models import Signal, SignalStatus
from lianfang.intake.services import accept_batch, dry_run

pytestmark = pytest.mark.django_db

CHINESE = """病例编号,姓名,性别,年龄,联系电话,县区,发病日期,报告日期,病例分类,发热,采样日期,标本类型,检测方法,检测结果,结果日期
A-1,张伟,男,35,13800000001,东山县,2020年2月3日,2020-02-05,确诊病例,是,2020/2/5,咽拭子,核酸检测,阳性,2020-02-06
A-2,李娜,女,六十二,13800000002,东山县,2020年2月4日,2020-02-06,疑似病例,是,,,,,
A-3,王芳,2,3个月,,东山县,2020年2月30日,2020-02-06,疑似病例,无,,,,,
A-4,赵敏,女,41,,火星县,2020年2月5日,2020-02-06,疑似病例,无,,,,,
"""


def test_a_chinese_line_list(desk: Desk) -> None:
    batch = desk.receive(CHINESE.encode("gb18030"))
    assert batch.target == "case"
    desk.confirm(batch, defaults={"disease": "covid_19"})
    tried = dry_run(batch=batch, by=desk.actor, at=NOON)
    assert (tried.created, tried.parked) == (2, 2), tried.problems
    assert not Case.objects.exists()
    assert Signal.objects.filter(status=SignalStatus.RECEIVED).count() == 4

    report = accept_batch(batch=batch, by=desk.actor, at=NOON)
    assert report.words == tried.words
    parked = {
        s.row: [p["rule"] for p in s.problems] for s in Signal.objects.filter(status=SignalStatus.PARKED)
    }
    assert parked == {4: ["date.impossible"], 5: ["place.unknown"]}
    case = Case.objects.get(number="A-1")
    assert (case.classification, case.onset_on, case.place.code) == ("confirmed", date(2020, 2, 3), "420106")
    assert case.person.sex == "male"
    assert case.person.birth_year == 1985
    assert Result.objects.get().finding == "positive"
    assert Sample.objects.get().specimen == "oropharyngeal_swab"


def test_the_same_file_twice_creates_and_changes_nothing(desk: Desk) -> None:
    desk.take(CHINESE.encode(), defaults={"disease": "covid_19"})
    before = (
        list(Case.objects.values_list()),
        Sign.objects.count(),
        Report.objects.count(),
        Person.objects.count(),
    )
    again = desk.receive(CHINESE.encode())
    report = accept_batch(batch=again, by=desk.actor, at=NOON + timedelta(hours=1))
    assert (report.created, report.changed) == (0, 0)
    # The same rows in another file, in another order and with another name: recognised row by row.
    lines = CHINESE.splitlines()
    other, report = desk.take(
        "\n".join([lines[0], *reversed(lines[1:])]).encode(), defaults={"disease": "covid_19"}
    )
    assert other.pk != again.pk
    assert (report.created, report.changed) == (0, 0)
    after = (
        list(Case.objects.values_list()),
        Sign.objects.count(),
        Report.objects.count(),
        Person.objects.count(),
    )
    assert after == before


def test_a_corrected_row_supersedes_and_a_later_return_is_seen(desk: Desk) -> None:
    rows = "case_id,date_onset,date_report,disease\nB-1,{},2020-02-10,covid_19\n"
    desk.take(rows.format("2020-02-01").encode())
    _, second = desk.take(rows.format("2020-02-03").encode(), at=NOON + timedelta(hours=1))
    assert (second.created, second.changed) == (0, 1)
    assert Case.objects.get().onset_on == date(2020, 2, 3)
    old = Sign.objects.get(superseded_at__isnull=False)
    assert old.superseded_by is not None
    # The first state comes back, in a file that is not the first one byte by byte.
    _, third = desk.take(rows.format("2020-02-01").encode() + b"\n", at=NOON + timedelta(hours=2))
    assert third.changed == 1
    assert Case.objects.get().onset_on == date(2020, 2, 1)


def test_one_number_for_two_people_parks_the_second(desk: Desk) -> None:
    desk.take(
        b"case_id,sex,age,date_onset,disease\nC-1,F,30,2020-02-01,covid_19\nC-1,M,60,2020-02-02,covid_19\n"
    )
    parked = Signal.objects.get(status=SignalStatus.PARKED)
    assert parked.problems[0]["rule"] == "number.used_twice"
    _, report = desk.take(b"case_id,sex,age,date_onset,disease\nC-1,M,70,2020-02-04,covid_19\n")
    assert report.rules["number.other_case"] == 1
    assert Case.objects.count() == 1


def test_a_killed_import_goes_on_without_doubles(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = "case_id,sex,age,date_onset,disease\n" + "".join(
        f"K-{n},F,{20 + n % 50},2020-02-01,covid_19\n" for n in range(50)
    )
    batch = desk.receive(rows.encode())
    desk.confirm(batch)
    from lianfang.intake.services import accepting

    real, calls = accepting.settle, []

    def killed(*args, **kwargs):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(*args, **kwargs)

    monkeypatch.setattr(accepting, "settle", killed)
    with pytest.raises(KeyboardInterrupt):
        accept_batch(batch=batch, by=desk.actor, at=NOON, chunk=10)
    assert Case.objects.count() == 20
    monkeypatch.setattr(accepting, "settle", real)
    report = accept_batch(batch=batch, by=desk.actor, at=NOON, chunk=10)
    assert report.created == 30
    assert Case.objects.count() == Person.objects.count() == 50
    assert accept_batch(batch=batch, by=desk.actor, at=NOON).created == 0
    batch.refresh_from_db()
    assert batch.report["counts"]["created"] == 50  # what the killed run did is counted, too


def test_the_case_report_of_the_who_goes_in_as_it_is(desk: Desk) -> None:
    """Variables of the revised form: whoever it reports is confirmed, and its `asymp` means the opposite of its name."""
    lines = (
        (
            "report_date,report_country,patinfo_ID,patinfo_ageonset,patinfo_sex,Lab_date1,patcourse_asymp,patcourse_dateonset,"
            "Comcond_preg,patcourse_presHCF,patinfo_occuhcw,expo_travel,expo_contact_case,expo_ID,expo_case_date_first,"
            "expo_case_date_last,outcome_patcourse_status,outcome_date_of_outcome,outcome_lab_date,outcome_lab_result"
        ),
        "2020-02-10,,W-1,44,M,2020-02-09,Yes,2020-02-05,,2020-02-08,Yes,No,No,,,,Recovered,2020-02-12,2020-02-11,Negative",
        "2020-02-11,,W-2,31,F,2020-02-10,No,,No,,No,No,Yes,W-1,2020-02-03,2020-02-07,,,,",
        "2020-02-11,,W-3,31,F,,Unknown,,,,,,,,,,,,,",
    )
    _, report = desk.take("\n".join(lines).encode())
    assert (report.created, report.parked) == (3, 0), report.problems
    cases = {case.number: case for case in Case.objects.all()}
    assert {number: case.classification for number, case in cases.items()} == {
        "W-1": "confirmed",
        "W-2": "asymptomatic",
        "W-3": "confirmed",
    }
    assert (cases["W-1"].onset_on, cases["W-1"].outcome) == (date(2020, 2, 5), "recovered")
    link = EpiLink.objects.get(case=cases["W-2"])
    assert (link.source_case.number, link.from_on, link.to_on) == ("W-1", date(2020, 2, 3), date(2020, 2, 7))
    assert [r.finding for r in Result.objects.filter(case=cases["W-1"]).order_by("occurred_at")] == [
        "positive",
        "negative",
    ]
    _, again = desk.take("\n".join([*lines, ""]).encode(), at=NOON + timedelta(hours=1))
    assert (again.created, again.changed) == (0, 0)
