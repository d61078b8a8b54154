"""How the duties towards firms, travellers and stranded people come to be owed, are proved, and are not proved after all."""

from datetime import timedelta
from decimal import Decimal

from tests.conformance.histories.stage import DISEASE, Stage, Story

from lianfang.common.clock import local_day, start_of
from lianfang.core.registry.matching import PersonCandidate
from lianfang.regions.models import Grade
from lianfang.resumption import services
from lianfang.resumption.models import Arrival, Charter, Firm, HelpRequest, Reopening, Stranded, Traveller


def _firm(stage: Stage) -> Firm:
    place = stage.world.places["420106"]
    name = f"firm {Firm.objects.count()}"
    return services.enter_firm(
        name=name, trade="industry", n_workers=40, place=place, by=stage.by, at=stage.at
    )


def _declared(stage: Stage) -> int:
    place = stage.world.places["420106"]
    stage.at = max(stage.at, start_of(local_day(stage.at).replace(month=3, day=2)))  # the rule is of February
    if not Grade.objects.exists():
        Grade.objects.create(
            disease=DISEASE, place=place, path=place.path, level="high", data_to=local_day(stage.at),
            edition="1", reason="figures", occurred_at=stage.at, recorded_at=stage.at,
        )  # fmt: skip
    row = services.declare_reopening(firm=_firm(stage), n_back=20, by=stage.by, at=stage.at)
    return int(row.pk)


def _decide(stage: Stage, pk: int) -> None:
    row = Reopening.objects.get(pk=pk)
    services.decide_reopening(reopening=row, is_open=True, reason="masks", by=stage.by, at=stage.at)


def _undecide(stage: Stage, pk: int) -> None:
    row = Reopening.objects.get(pk=pk)
    services.reopen_decision(reopening=row, reason="another firm", by=stage.by, at=stage.at)


def _asked(stage: Stage) -> int:
    return int(services.ask_help(firm=_firm(stage), kind="workers", by=stage.by, at=stage.at).pk)


def _answer(stage: Stage, pk: int) -> None:
    row = HelpRequest.objects.get(pk=pk)
    services.answer_help(request=row, answer="a bus comes", by=stage.by, at=stage.at)


def _unanswer(stage: Stage, pk: int) -> None:
    row = HelpRequest.objects.get(pk=pk)
    services.reopen_help(request=row, reason="it did not come", by=stage.by, at=stage.at)


def _listed(stage: Stage) -> int:
    places = stage.world.places
    charter = services.plan_charter(
        from_place=places["420106"], to_place=places["420107"], vehicle="A-1", seats=40,
        departs_at=stage.at + timedelta(hours=10), arrives_at=stage.at + timedelta(hours=20),
        by=stage.by, at=stage.at,
    )  # fmt: skip
    who = PersonCandidate(
        name=f"赵{Traveller.objects.count()}磊", phone=f"1001234{Traveller.objects.count():04}"
    )
    (row,) = services.list_travellers(charter=charter, people=[who], by=stage.by, at=stage.at)
    return int(row.pk)


def _check(stage: Stage, pk: int) -> None:
    row = Traveller.objects.select_related("charter").get(pk=pk)
    services.check_traveller(traveller=row, temperature=Decimal("36.5"), by=stage.by, at=stage.at)


def _uncheck(stage: Stage, pk: int) -> None:
    row = Traveller.objects.get(pk=pk)
    services.withdraw_check(traveller=row, reason="another person", by=stage.by, at=stage.at)


def _departed(stage: Stage) -> int:
    pk = _listed(stage)
    _check(stage, pk)
    charter = Traveller.objects.get(pk=pk).charter
    services.depart(charter=charter, by=stage.by, at=stage.at)
    return int(charter.pk)


def _receive(stage: Stage, pk: int) -> None:
    services.receive_charter(charter=Charter.objects.get(pk=pk), n_received=1, by=stage.by, at=stage.at)


def _unreceive(stage: Stage, pk: int) -> None:
    row = Charter.objects.get(pk=pk)
    services.withdraw_receipt(charter=row, reason="another bus", by=stage.by, at=stage.at)


def _announced(stage: Stage) -> int:
    n = Arrival.objects.count()
    who = PersonCandidate(name=f"吴{n}敏", phone=f"1003234{n:04}")
    places = stage.world.places
    row = services.announce_arrival(
        who=who, from_place=places["420107"], to_place=places["420106001"],
        expected_at=stage.at + timedelta(hours=8), by=stage.by, at=stage.at,
    )  # fmt: skip
    return int(row.pk)


def _meet(stage: Stage, pk: int) -> None:
    row = Arrival.objects.get(pk=pk)
    services.meet_arrival(arrival=row, came=True, temperature=Decimal("36.4"), by=stage.by, at=stage.at)


def _unmeet(stage: Stage, pk: int) -> None:
    row = Arrival.objects.get(pk=pk)
    services.withdraw_meeting(arrival=row, reason="another person", by=stage.by, at=stage.at)


def _found(stage: Stage) -> int:
    who = PersonCandidate(
        name=f"钱{Stranded.objects.count()}芳", phone=f"1002234{Stranded.objects.count():04}"
    )
    place = stage.world.places["420106001"]
    row = services.report_stranded(who=who, place=place, need="a bed", by=stage.by, at=stage.at)
    return int(row.pk)


def _settle(stage: Stage, pk: int) -> None:
    row = Stranded.objects.get(pk=pk)
    services.settle_stranded(stranded=row, how="guest house", by=stage.by, at=stage.at)


def _unsettle(stage: Stage, pk: int) -> None:
    row = Stranded.objects.get(pk=pk)
    services.reopen_stranded(stranded=row, reason="it was full", by=stage.by, at=stage.at)


STORIES: dict[str, Story] = {
    "resumption.decide": Story(_declared, _decide, _undecide, ""),
    "resumption.help": Story(_asked, _answer, _unanswer, ""),
    "resumption.check": Story(_listed, _check, _uncheck, ""),
    "resumption.receive": Story(_departed, _receive, _unreceive, ""),
    "resumption.meet": Story(_announced, _meet, _unmeet, ""),
    "resumption.settle": Story(_found, _settle, _unsettle, ""),
}
