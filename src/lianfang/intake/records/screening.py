"""A reading at a gate, a round or a clinic: who, where, when, how warm."""

from lianfang.intake.fields import Field, Kind, Record
from lianfang.intake.records.person import PERSON, PLACE

SCREENING = Record(
    code="screening",
    en="Temperature readings",
    zh="体温监测登记",
    fields=(
        Field(code="external_id", kind=Kind.IDENTIFIER, en="Number of the reading", zh="登记编号", synonyms=("id", "uuid", "reading id", "message id")),
        Field(code="checkpoint", kind=Kind.IDENTIFIER, en="Checkpoint", zh="检查点", synonyms=("unit", "gate", "checkpoint code", "point of entry", "pointOfEntry", "卡口", "监测点")),
        Field(code="read_at", kind=Kind.MOMENT, en="Read at", zh="测温时间", required=True, synonyms=("time", "timestamp", "datetime", "date", "reading time", "登记时间", "时间")),
        Field(code="temperature", kind=Kind.NUMBER, en="Temperature", zh="体温", required=True, lowest=30, highest=45, synonyms=("temp", "body temperature", "celsius", "体温（℃）")),
        Field(code="signs", kind=Kind.TEXT, en="Signs", zh="症状", synonyms=("symptoms", "症状描述")),
        *PERSON,
        *PLACE,
    ),
)  # fmt: skip
