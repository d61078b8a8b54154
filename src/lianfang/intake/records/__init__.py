"""The kinds of rows that can be taken in, with all their fields: what formats translate to and targets take. Pure."""

from lianfang.intake.fields import Record
from lianfang.intake.records.care import BED_STAY, BED_TALLY, FACILITY
from lianfang.intake.records.case import CASE
from lianfang.intake.records.contact import CONTACT, FOLLOW_UP, RELATIONSHIP, STAY
from lianfang.intake.records.laboratory import LAB_RESULT
from lianfang.intake.records.screening import SCREENING

RECORDS: dict[str, Record] = {
    record.code: record
    for record in (
        CASE,
        LAB_RESULT,
        SCREENING,
        CONTACT,
        RELATIONSHIP,
        FOLLOW_UP,
        STAY,
        FACILITY,
        BED_TALLY,
        BED_STAY,
    )
}

__all__ = [
    "BED_STAY",
    "BED_TALLY",
    "CASE",
    "CONTACT",
    "FACILITY",
    "FOLLOW_UP",
    "LAB_RESULT",
    "RECORDS",
    "RELATIONSHIP",
    "SCREENING",
    "STAY",
]
