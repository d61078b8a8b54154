"""A line list as a county would have it: one row a case report, clean or as people really fill it in."""

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from lianfang.simulate.identities import identities
from lianfang.simulate.mess import Mess, disturb
from lianfang.simulate.outcome import Outcome

HEADINGS_ZH = {
    "case_no": "病例编号",
    "name": "姓名",
    "pinyin": "拼音",
    "sex": "性别",
    "age": "年龄",
    "birth_date": "出生日期",
    "id_number": "身份证号",
    "phone": "联系电话",
    "address": "现住址",
    "place_code": "地区编码",
    "occupation": "职业",
    "onset_on": "发病日期",
    "visited_at": "就诊时间",
    "reported_at": "报告时间",
    "classification": "病例分类",
    "severity": "临床严重程度",
    "temperature": "体温",
    "signs": "症状",
    "facility": "报告单位",
    "outcome": "转归",
    "outcome_on": "转归日期",
    "contact_of": "关联病例",
}
TERMS_ZH = {
    "sex": {"female": "女", "male": "男"},
    "occupation": {
        "none": "待业",
        "pupil": "学生",
        "teacher": "教师",
        "worker": "职工",
        "health worker": "医务人员",
        "retired": "离退人员",
    },
    "classification": {
        "suspected": "疑似病例",
        "confirmed": "确诊病例",
        "asymptomatic": "无症状感染者",
        "excluded": "排除",
    },
    "severity": {"asymptomatic": "无症状", "mild": "轻型", "severe": "重型", "critical": "危重型"},
    "outcome": {"recovered": "治愈", "died": "死亡"},
}
SIGNS_ZH = {
    "fever": "发热",
    "cough": "咳嗽",
    "fatigue": "乏力",
    "sore throat": "咽痛",
    "headache": "头痛",
    "short of breath": "气促",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class LineList:
    """Rows as they would be handed in, and what is true.

    `rows` has one text column a field. `clean` holds the same rows before any disturbance, with dates and times as
    such and the person behind each row. `truth` names every disturbance: row, field, kind, true and shown text; a
    duplicate has the kind "duplicate", the field "case_no", and in `true` the number of the row that it repeats.
    """

    rows: pl.DataFrame
    clean: pl.DataFrame = field(repr=False)
    truth: pl.DataFrame = field(repr=False)


def to_linelist(
    outcome: Outcome, *, language: str = "zh", mess: Mess | None = None, excluded: bool = False, seed: int = 0
) -> LineList:
    """Return the line list of an outcome, in Chinese or English, messy where `mess` says how much.

    Names, numbers, phones and addresses are invented (`identities`). `contact_of` is the case number of a reported
    case that had named the person. Severity and outcome are those at the end of the run. Suspected cases that were
    excluded are left out unless asked for.
    """
    if language not in ("zh", "en"):
        raise ValueError(f"language must be 'zh' or 'en'. Got {language!r}.")
    clean = clean_rows(outcome, excluded=excluded, seed=seed)
    texts = _worded(clean.drop("person"), language)
    generator = np.random.default_rng([outcome.seed, seed, 22])
    rows, truth = disturb(texts, mess or Mess.none(), generator)
    if language == "zh":
        rows = rows.rename(HEADINGS_ZH)
    return LineList(rows=rows, clean=clean, truth=truth)


def clean_rows(outcome: Outcome, *, excluded: bool, seed: int) -> pl.DataFrame:
    """Return the true rows in order of report, with typed columns."""
    reports = outcome.reports.filter(pl.col("reported_at").is_not_null())
    if not excluded:
        reports = reports.filter(pl.col("classification") != "excluded")
    people = identities(
        outcome.city, reports["person"].unique().sort().to_numpy(), at=outcome.start, seed=seed
    )
    numbers = pl.format("{}-{}", pl.lit(outcome.start.year), pl.col("report").cast(pl.String).str.zfill(4))
    case_numbers = outcome.reports.select("report", contact_of=numbers)
    named_by = (
        outcome.contacts.sort("named_at")
        .unique("contact", keep="first", maintain_order=True)
        .select(pl.col("contact").alias("person"), "report")
        .join(case_numbers, on="report")
        .drop("report")
    )
    residents = outcome.persons.select("person", pl.col("place").alias("place_code"), "occupation")
    course = outcome.infections.select(
        "person", "severity", "outcome", outcome_on=pl.col("outcome_at").dt.date()
    )
    return (
        reports.with_columns(case_no=numbers)
        .join(people, on="person", maintain_order="left")
        .join(residents, on="person", how="left", maintain_order="left")
        .join(course, on="person", how="left", maintain_order="left")
        .join(named_by, on="person", how="left", maintain_order="left")
        .sort("reported_at", "report")
        .select("person", *HEADINGS_ZH)
    )


def _worded(frame: pl.DataFrame, language: str) -> pl.DataFrame:
    """Return all columns as text, in the words of a language."""
    chinese = language == "zh"
    columns = []
    for name, kind in frame.schema.items():
        column = pl.col(name)
        if name == "signs":
            words = column.list.eval(pl.element().replace(SIGNS_ZH)) if chinese else column
            column = words.list.join("、" if chinese else "; ")
        elif isinstance(kind, pl.Datetime):
            column = column.dt.strftime("%Y-%m-%d %H:%M")
        elif kind == pl.Date:
            column = column.dt.strftime("%Y-%m-%d")
        elif name in TERMS_ZH and chinese:
            column = column.replace(TERMS_ZH[name])
        else:
            column = column.cast(pl.String)
        columns.append(column.alias(name))
    return frame.select(columns)
