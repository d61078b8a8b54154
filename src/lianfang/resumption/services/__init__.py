"""What can be done for firms and travellers. Each act writes, says what it touched, and records who did it."""

from lianfang.resumption.services.firms import (
    answer_help,
    ask_help,
    decide_reopening,
    declare_reopening,
    enter_firm,
    reopen_decision,
    reopen_help,
    reopen_stranded,
    report_stranded,
    settle_stranded,
)
from lianfang.resumption.services.travel import (
    check_traveller,
    depart,
    list_travellers,
    plan_charter,
    receive_charter,
    withdraw_check,
    withdraw_receipt,
)

__all__ = [
    "answer_help",
    "ask_help",
    "check_traveller",
    "decide_reopening",
    "declare_reopening",
    "depart",
    "enter_firm",
    "list_travellers",
    "plan_charter",
    "receive_charter",
    "reopen_decision",
    "reopen_help",
    "reopen_stranded",
    "report_stranded",
    "settle_stranded",
    "withdraw_check",
    "withdraw_receipt",
]
