"""What can be done for firms and travellers. Each act writes, says what it touched, and records who did it."""

from lianfang.resumption.services.firms import (
    answer_help,
    ask_help,
    close_firm,
    decide_reopening,
    declare_reopening,
    enter_firm,
    reopen_decision,
    reopen_help,
)
from lianfang.resumption.services.people import (
    announce_arrival,
    meet_arrival,
    reopen_stranded,
    report_stranded,
    settle_stranded,
    withdraw_meeting,
)
from lianfang.resumption.services.travel import (
    call_off,
    check_traveller,
    depart,
    list_travellers,
    plan_charter,
    receive_charter,
    withdraw_check,
    withdraw_receipt,
)

__all__ = [
    "announce_arrival",
    "answer_help",
    "ask_help",
    "call_off",
    "check_traveller",
    "close_firm",
    "decide_reopening",
    "declare_reopening",
    "depart",
    "enter_firm",
    "list_travellers",
    "meet_arrival",
    "plan_charter",
    "receive_charter",
    "reopen_decision",
    "reopen_help",
    "reopen_stranded",
    "report_stranded",
    "settle_stranded",
    "withdraw_check",
    "withdraw_meeting",
    "withdraw_receipt",
]
