"""What can be done in care. Each act writes its facts, derives what follows, and records who did it."""

from lianfang.care.services.beds import (
    change_beds,
    close_ward,
    end_upkeep,
    set_up_ward,
    take_out_of_use,
    tally_beds,
)
from lianfang.care.services.bedside import (
    follow_up,
    give_support,
    record_comorbidities,
    record_round,
    start_treatment,
    stop_treatment,
    withdraw_entry,
)
from lianfang.care.services.leaving import discharge_patient, record_departure, withdraw_departure
from lianfang.care.services.placing import (
    give_bed,
    lay_down,
    report_step,
    request_bed,
    take_bed_back,
    withdraw_request,
)

__all__ = [
    "change_beds",
    "close_ward",
    "discharge_patient",
    "end_upkeep",
    "follow_up",
    "give_bed",
    "give_support",
    "lay_down",
    "record_comorbidities",
    "record_departure",
    "record_round",
    "report_step",
    "request_bed",
    "set_up_ward",
    "start_treatment",
    "stop_treatment",
    "take_bed_back",
    "take_out_of_use",
    "tally_beds",
    "withdraw_departure",
    "withdraw_entry",
    "withdraw_request",
]
