"""What reaches the demo world from outside in its last hours: laboratory messages, readings at a gate, a messy file.

It goes through the same intake as in life, so that signals, parked rows, look-alike persons and feedback have something
true to show. Beside it stand the recorded decisions of people: a shedding policy, an emergency access, kept views.
"""

import csv
import io
from datetime import datetime, timedelta

from lianfang.cases.models import Case, Sample, Screening
from lianfang.cases.services import conclude_screening
from lianfang.common.clock import site_zone
from lianfang.core.access.actor import Actor
from lianfang.core.access.selectors import actor_for
from lianfang.core.access.services import break_glass, save_view
from lianfang.core.registry.models import IdentityKind, Level, Person, Place
from lianfang.core.registry.services import reveal_identity
from lianfang.demo.ground import Ground
from lianfang.intake.services import (
    accept_batch,
    confirm_mapping,
    ensure_source,
    propose_mapping,
    receive_file,
    receive_message,
)
from lianfang.loop.models import SheddingMode
from lianfang.loop.services import adopt_shedding_policy

_SYSTEM = Actor.system("demo world")


def arrive(ground: Ground, *, at: datetime) -> None:
    """Let the last hours' messages and files come in, and record what people decided meanwhile."""
    wang = ground.users["wang"]
    assert wang.unit is not None
    county = wang.unit.place
    _laboratory(ground, county, at=at)
    _gate(ground, at=at)
    _file(ground, county, at=at)
    _decisions(ground, at=at)


def _laboratory(ground: Ground, county: Place, *, at: datetime) -> None:
    """Send results: of samples that wait, of second samples, and of a case that nobody here knows."""
    ma = ground.users["ma"]
    assert ma.unit is not None
    source = ensure_source(code="county-lis", name="检验系统", unit=ma.unit, by=_SYSTEM, at=at)
    moment = at - timedelta(hours=5)
    here = Case.objects.filter(path__within=county.path, outcome="").order_by("-reported_at")
    untested = Sample.objects.current().filter(case__in=here, received_at__isnull=False, results__isnull=True)
    lines = [
        (s.case.number, s.number, "阳性" if n == 0 else "阴性")
        for n, s in enumerate(untested.select_related("case")[:3])
    ]
    confirmed = here.filter(classification="confirmed")[:4]
    lines += [
        (case.number, f"R{case.pk:05d}", "阳性" if n % 2 else "阴性") for n, case in enumerate(confirmed)
    ]
    lines.append((f"{county.code}-2019-0001", "R99001", "阳性"))
    for n, (number, sample, finding) in enumerate(lines):
        when = moment + timedelta(minutes=17 * n)
        message = {
            "病例编号": number,
            "标本编号": sample,
            "标本类型": "oropharyngeal_swab",
            "采样日期": _text(when - timedelta(hours=9)),
            "检测项目": "rt_pcr",
            "结果": finding,
            "检测日期": _text(when),
        }
        receive_message(
            source=source, target="lab_result", message=message, by=actor_for(ma, at), at=when, key=sample
        )


def _gate(ground: Ground, *, at: datetime) -> None:
    """Send readings of a gate in the township of the field worker, one of them without a temperature that can be."""
    zhao = ground.users["zhao"]
    assert zhao.unit is not None
    gate = ground.units[f"{zhao.unit.place.code}-gate"]
    source = ensure_source(code="market-gate", name="集市检查点", unit=gate, by=_SYSTEM, at=at)
    moment = at - timedelta(hours=3)
    readings = (
        ("韩秋", "女", "1971", "38.1"),
        ("罗大海", "男", "1986", "37.9"),
        ("段小雨", "女", "2009", "83.2"),
    )
    for n, (name, sex, born, temperature) in enumerate(readings):
        when = moment + timedelta(minutes=31 * n)
        message = {
            "测温时间": _text(when),
            "体温": temperature,
            "姓名": name,
            "性别": sex,
            "出生年": born,
            "place_code": zhao.unit.place.code,
        }
        receive_message(
            source=source,
            target="screening",
            message=message,
            by=actor_for(zhao, at),
            at=when,
            key=f"gate-{n}",
        )
    seen = Screening.objects.filter(signal_id__isnull=False).order_by("pk").first()
    if seen is not None:
        looked = at - timedelta(hours=1)
        conclude_screening(
            screening=seen, conclusion="other_illness", looked_at=looked, by=actor_for(zhao, at), at=looked
        )


def _file(ground: Ground, county: Place, *, at: datetime) -> None:
    """Import a neighbour's messy list, and leave a second file waiting for its columns."""
    wang = ground.users["wang"]
    assert wang.unit is not None
    by = actor_for(wang, at)
    source = ensure_source(code="neighbour-list", name="邻县协查单", unit=wang.unit, by=_SYSTEM, at=at)
    moment = at - timedelta(hours=2)
    batch = receive_file(
        content=_messy(county, moment), name="协查病例清单.csv", source=source, by=by, at=moment
    ).batch
    plan = propose_mapping(batch=batch, by=by, at=moment)
    options = {**plan.options, "defaults": {"disease": "covid_19_cn_2020"}, "undecided": "accept"}
    confirm_mapping(batch=batch, columns=plan.columns, options=options, target=plan.target, by=by, at=moment)
    accept_batch(batch=batch, by=by, at=moment + timedelta(minutes=6))
    rows = "编号,密接姓名,性别,末次接触日期,现住址\n1,苗春,女,2020/2/3,\n2,杜晓,男,3日前,\n"
    receive_file(
        content=rows.encode(), name="密接名单待核.csv", source=source, by=by, at=at - timedelta(minutes=40)
    )


def _messy(county: Place, at: datetime) -> bytes:
    """Return a line list as neighbours send it: mixed dates, an unknown place, a day that does not exist, look-alikes."""
    town = Place.objects.filter(parent=county, level=Level.TOWNSHIP).order_by("code").first()
    assert town is not None
    day = at.astimezone(site_zone()).date()
    # number, name, sex, born, days since onset and how they are written, how the report is written, home, class
    told = (
        ("X-01", "汪海燕", "女", "1979-03-04", 4, "%Y/%m/%d", "%Y%m%d", town.code, "确诊病例"),
        ("X-02", "汤 建国", "男", "1964-11-30", 6, "%Y-%m-%d", "%Y-%m-%d", town.code, "疑似病例"),
        ("X-03", "苏梅", "F", "1990/7/8", 3, "%Y.%m.%d", "%Y-%m-%d", "没有这个镇", "疑似"),
        ("X-04", "方林", "男", "1988-02-30", 5, "%Y-%m-%d", "%Y-%m-%d", town.code, "疑似"),
        ("X-05", "邹平", "男", "1955-01-19", -40, "%Y-%m-%d", "%Y-%m-%d", town.code, "疑似"),
    )
    rows = [
        [*who, f"{day - timedelta(days=ago):{onset}}", f"{day:{report}}", home, what]
        for *who, ago, onset, report, home, what in told
    ]
    rows += [
        [f"X-{n:02d}", name, sex, "", "", f"{day:%Y-%m-%d}", county.code, "疑似"]
        for n, (name, sex) in enumerate(_look_alikes(county, at), start=11)
    ]
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(
        ["病例编号", "姓名", "性别", "出生日期", "发病日期", "报告日期", "现住地代码", "病例分类"]
    )
    writer.writerows(rows)
    return out.getvalue().encode("utf-8")


def _look_alikes(county: Place, at: datetime) -> list[tuple[str, str]]:
    """Return name and sex of three people on file: too little to tell whether they are meant."""
    found = []
    people = Person.objects.filter(path__within=county.path, contacts__isnull=False, cases__isnull=True)
    for person in people.distinct().order_by("pk")[:3]:
        read = reveal_identity(
            person=person, kinds=[IdentityKind.NAME], purpose="demo world", by=_SYSTEM, at=at
        )
        sex = "女" if person.sex == "female" else "男"
        found.append((read.first(IdentityKind.NAME), sex))
    return found


def _decisions(ground: Ground, *, at: datetime) -> None:
    lin, wang = actor_for(ground.users["lin"], at), actor_for(ground.users["wang"], at)
    counties = [place for place in ground.places.values() if place.level == Level.COUNTY]
    adopt_shedding_policy(
        duty="contacts.observe",
        place=counties[1],
        mode=SheddingMode.SAMPLED,
        keep=50,
        from_at=at - timedelta(hours=6),
        until_at=at + timedelta(days=2),
        reason="随访人手不足，半数由本人自报体温 (hands are short: half report their own temperature)",
        by=lin,
        at=at - timedelta(hours=6),
    )
    reason = "外县转来重症，需核对既往接触 (a severe patient from there: earlier contacts needed at once)"
    break_glass(place=counties[0], reason=reason, by=wang, at=at - timedelta(minutes=50))
    for name, query, shared in (
        ("尚未流调", "uninvestigated=1", True),
        ("确诊名单（自用）", "classification=confirmed", False),
    ):
        save_view(page="cases", name=name, query=query, is_shared=shared, by=wang, at=at - timedelta(days=1))
    save_view(page="tasks", name="本单位逾期", query="state=late&mine=1", by=wang, at=at - timedelta(days=1))


def _text(moment: datetime) -> str:
    return moment.astimezone(site_zone()).strftime("%Y-%m-%d %H:%M")
