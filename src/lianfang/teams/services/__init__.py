"""What can be done with teams. Each act writes its facts and records who did it."""

from lianfang.teams.services.advice import (
    answer_consultation,
    ask_advice,
    reopen_consultation,
    schedule_consultation,
)
from lianfang.teams.services.forming import (
    add_worker,
    deploy_team,
    end_deployment,
    form_team,
    record_day_off,
    resume_deployment,
    start_round,
    withdraw_day_off,
)
from lianfang.teams.services.protection import (
    assess_exposure,
    pay_allowance,
    reopen_exposure,
    report_exposure,
    return_to_work,
    withdraw_allowance,
)

__all__ = [
    "add_worker",
    "answer_consultation",
    "ask_advice",
    "assess_exposure",
    "deploy_team",
    "end_deployment",
    "form_team",
    "pay_allowance",
    "record_day_off",
    "reopen_consultation",
    "reopen_exposure",
    "report_exposure",
    "resume_deployment",
    "return_to_work",
    "schedule_consultation",
    "start_round",
    "withdraw_allowance",
    "withdraw_day_off",
]
