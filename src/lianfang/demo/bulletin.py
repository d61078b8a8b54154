"""The bulletin of yesterday in the demo world: drawn up and issued for the reader's county and its prefecture."""

from datetime import datetime, timedelta

from lianfang.bulletins.services import draft_bulletin, issue_bulletin
from lianfang.common.clock import local_day
from lianfang.core.access.selectors import actor_for
from lianfang.core.registry.models import Place
from lianfang.demo.ground import Ground
from lianfang.regions.mart import Mart
from lianfang.regions.night import compute

_DISEASE = "covid_19_cn_2020"


def issue_bulletins(ground: Ground, *, at: datetime) -> None:
    """Let the supervisor of the prefecture issue both; from then on the night draws up the next ones."""
    by, yesterday = actor_for(ground.users["lin"], at), local_day(at) - timedelta(days=1)
    span = Mart(_DISEASE).span
    if span is None or span[1] < yesterday:  # a world that is made before the hour of the night's work
        compute(_DISEASE, at=at)
    county = Place.objects.select_related("parent").get(units__users=ground.users["wang"])
    for place in (county, county.parent):
        if place is not None:
            drawn = draft_bulletin(disease=_DISEASE, place=place, on=yesterday, by=by, at=at)
            issue_bulletin(bulletin=drawn, by=by, at=at)
