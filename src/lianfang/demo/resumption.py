"""Resumption in the demo world: firms of several trades, help, a bus on the way, people who come alone or are stranded, a scenario."""

from datetime import datetime, timedelta
from decimal import Decimal

from lianfang.core.access.actor import Actor
from lianfang.core.registry.matching import PersonCandidate
from lianfang.core.registry.models import Level, Place
from lianfang.demo.ground import Ground
from lianfang.measures.services import ask_scenario
from lianfang.resumption import services

_DISEASE = "covid_19_cn_2020"
_FIRMS = (
    ("口罩厂", "essential", 160, 150),
    ("面粉厂", "food", 45, 40),
    ("农机合作社", "farming", 30, 22),
    ("机械厂", "industry", 320, 210),
    ("建筑队", "building", 90, 0),
    ("物流站", "transport", 60, 48),
    ("百货店", "trade", 25, 0),
    ("饭店", "catering", 18, 0),
)


def resume(ground: Ground, *, at: datetime) -> None:
    """Let firms of the reader's county declare and ask, a bus arrive from elsewhere, and a scenario be asked for."""
    by = Actor.system("demo")
    county = Place.objects.get(units__users=ground.users["wang"])
    for n, (name, trade, workers, back) in enumerate(_FIRMS):
        begun = at - timedelta(days=2, hours=3 * n)
        firm = services.enter_firm(
            name=f"{county.name}{name}", trade=trade, n_workers=workers, place=county, by=by, at=begun
        )
        if back:
            services.declare_reopening(firm=firm, n_back=back, by=by, at=begun)
        if n % 3 == 0:
            services.ask_help(firm=firm, kind="workers" if n else "transport", by=by, at=begun)
    _bus(county, by=by, at=at)
    stranded = PersonCandidate(name="周小明", place_id=county.pk, path=county.path)
    services.report_stranded(
        who=stranded, place=county, need="外地返乡途中滞留，无住宿 (no bed for the night)", by=by,
        at=at - timedelta(hours=6),
    )  # fmt: skip
    _alone(county, by=by, at=at)
    choices = {"investigation": 12, "ward": 40, "contacts_left": 60, "ended": 20}
    ask_scenario(place=county, disease=_DISEASE, choices=choices, by=by, at=at)


def _bus(county: Place, *, by: Actor, at: datetime) -> None:
    other = Place.objects.filter(level=Level.COUNTY).exclude(pk=county.pk).order_by("path")[0]
    planned = at - timedelta(hours=30)
    bus = services.plan_charter(
        from_place=other, to_place=county, vehicle="示A·D0001", seats=45, departs_at=at - timedelta(hours=8),
        arrives_at=at - timedelta(hours=2), by=by, at=planned,
    )  # fmt: skip
    names = ("陈一", "陈二", "郑三", "冯四", "褚五", "卫六")
    people = [PersonCandidate(name=name, place_id=other.pk, path=other.path) for name in names]
    rows = services.list_travellers(charter=bus, people=people, by=by, at=planned)
    for n, row in enumerate(rows):
        heat = Decimal("37.6") if n == len(rows) - 1 else Decimal("36.4") + Decimal(n) / 10
        services.check_traveller(traveller=row, temperature=heat, by=by, at=at - timedelta(hours=9))
    services.depart(charter=bus, by=by, at=at - timedelta(hours=8))


def _alone(county: Place, *, by: Actor, at: datetime) -> None:
    """Announce three people who come by themselves: one was met, one is due, one is late."""
    town = Place.objects.filter(parent=county).order_by("path")[0]
    other = Place.objects.filter(level=Level.COUNTY).exclude(pk=county.pk).order_by("path")[1]
    for name, hours in (("蒋七", -40), ("沈八", -30), ("韩九", 5)):
        row = services.announce_arrival(
            who=PersonCandidate(name=name, place_id=town.pk, path=town.path), from_place=other, to_place=town,
            expected_at=at + timedelta(hours=hours), by=by, at=at - timedelta(hours=50),
        )  # fmt: skip
        if hours == -40:
            services.meet_arrival(
                arrival=row, came=True, temperature=Decimal("36.4"), by=by, at=at - timedelta(hours=36)
            )
