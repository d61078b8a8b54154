"""Facilities, tallies of beds, and stays in beds: what hospitals and health authorities send in tables."""

from dataclasses import replace

from lianfang.intake.fields import Choice, Field, Kind, Record
from lianfang.intake.records.person import PLACE as _PLACE

# In a table about facilities "city" is the prefecture.
PLACE = tuple(
    replace(one, synonyms=(*one.synonyms, "city", "城市")) if one.code == "prefecture" else one
    for one in _PLACE
)
KINDS = (
    Choice("hospital", ("hospital", "designated hospital", "定点医院", "医院")),
    Choice("cabin", ("cabin", "mobile cabin hospital", "fangcang", "方舱", "方舱医院")),
    Choice("point", ("point", "isolation point", "隔离点", "集中隔离点")),
)
LEVELS = (
    Choice("0", ("0", "isolation", "隔离")),
    Choice("1", ("1", "ordinary", "ward", "普通", "普通床位")),
    Choice("2", ("2", "severe", "重症", "重型")),
    Choice("3", ("3", "critical", "icu", "intensive care", "危重症", "危重型", "重症监护")),
)

FACILITY = Record(
    code="facility",
    en="Hospitals and clinics",
    zh="医疗机构",
    fields=(
        Field(code="external_id", kind=Kind.IDENTIFIER, en="Number of the facility", zh="机构编号", synonyms=("facility id", "hospital id", "机构代码")),
        Field(code="facility", kind=Kind.TEXT, en="Name of the facility", zh="机构名称", required=True, synonyms=("name", "hospital", "hospital name", "医院名称", "名称")),
        Field(code="designated", kind=Kind.YES_NO, en="Designated hospital", zh="定点医院", synonyms=("is designated",)),
        Field(code="facility_level", kind=Kind.TEXT, en="Grade of the facility", zh="机构等级", synonyms=("level", "grade", "等级")),
        Field(code="facility_address", kind=Kind.TEXT, en="Address of the facility", zh="机构地址", synonyms=("address", "地址")),
        *PLACE,
    ),
)  # fmt: skip

BED_TALLY = Record(
    code="bed_tally",
    en="Beds by number",
    zh="床位统计",
    fields=(
        Field(code="facility", kind=Kind.TEXT, en="Facility", zh="机构", synonyms=("hospital", "hospital name", "医院名称", "机构名称")),
        Field(code="counted_at", kind=Kind.MOMENT, en="Counted at", zh="统计时间", required=True, synonyms=("date", "day", "日期", "统计日期")),
        Field(code="bed_kind", kind=Kind.CODE, en="Kind of bed", zh="床位类别", choices=KINDS, synonyms=("kind", "bed type", "类别")),
        Field(code="bed_level", kind=Kind.CODE, en="Level of care", zh="救治级别", choices=LEVELS, synonyms=("level of care", "severity", "级别")),
        Field(code="usable", kind=Kind.INTEGER, en="Beds usable", zh="可用床位", lowest=0, synonyms=("usable beds", "capacity", "open beds", "开放床位", "可用床位数")),
        Field(code="occupied", kind=Kind.INTEGER, en="Beds occupied", zh="占用床位", lowest=0, synonyms=("occupied beds", "census", "在院人数", "已用床位")),
        Field(code="empty", kind=Kind.INTEGER, en="Beds empty", zh="空床", lowest=0, synonyms=("empty beds", "free beds", "空余床位", "空床数")),
        Field(code="ordinary_occupied", kind=Kind.INTEGER, en="Ordinary beds occupied", zh="普通床位占用", lowest=0, synonyms=("hospital_ward", "ward census", "hospitalised with symptoms", "ricoverati_con_sintomi")),
        Field(code="critical_occupied", kind=Kind.INTEGER, en="Intensive care beds occupied", zh="重症监护占用", lowest=0, synonyms=("icu", "icu census", "intensive care", "terapia_intensiva")),
        *PLACE,
    ),
)  # fmt: skip

BED_STAY = Record(
    code="bed_stay",
    en="Stays in beds",
    zh="住院记录",
    fields=(
        Field(code="case_number", kind=Kind.IDENTIFIER, en="Case number", zh="病例编号", required=True, synonyms=("case id", "case_id", "patient id", "患者编号")),
        Field(code="facility", kind=Kind.TEXT, en="Facility", zh="机构", required=True, synonyms=("hospital", "hospital name", "医院名称", "机构名称")),
        Field(code="bed_ward", kind=Kind.TEXT, en="Ward", zh="病区", required=True, synonyms=("ward", "ward name", "科室")),
        Field(code="bed", kind=Kind.IDENTIFIER, en="Bed", zh="床号", synonyms=("bed label", "bed no", "床位号")),
        Field(code="lies_from", kind=Kind.MOMENT, en="In the bed from", zh="入住时间", required=True, synonyms=("admitted", "admission", "from", "入院时间")),
        Field(code="lies_until", kind=Kind.MOMENT, en="In the bed until", zh="离开时间", synonyms=("discharged", "until", "to", "出院时间")),
    ),
)  # fmt: skip
