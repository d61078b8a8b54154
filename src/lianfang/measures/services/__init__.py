"""What can be done with measures and plans. Each act writes, says what it touched, and records who did it."""

from lianfang.measures.services.activating import put_on, switch_off, switch_on
from lianfang.measures.services.asking import ask_scenario, keep_scenario
from lianfang.measures.services.deciding import (
    begin_measure,
    carry_out,
    decide_switch,
    end_measure,
    keep_measure,
    reopen_review,
    set_response_level,
)
from lianfang.measures.services.planning import (
    add_step,
    approve_plan,
    ask_drill,
    confirm_plan,
    count_stock,
    drop_step,
    keep_drill,
    revise_plan,
    write_plan,
)
from lianfang.measures.services.working import report_work, withdraw_report

__all__ = [
    "add_step",
    "approve_plan",
    "ask_drill",
    "ask_scenario",
    "begin_measure",
    "carry_out",
    "confirm_plan",
    "count_stock",
    "decide_switch",
    "drop_step",
    "end_measure",
    "keep_drill",
    "keep_measure",
    "keep_scenario",
    "put_on",
    "reopen_review",
    "report_work",
    "revise_plan",
    "set_response_level",
    "switch_off",
    "switch_on",
    "withdraw_report",
    "write_plan",
]
