"""What is owed about visits: that they are gone when their time is over."""

from datetime import datetime
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from lianfang.core.registry.models import Capability
from lianfang.discovery.models import Search, VisitDay
from lianfang.loop.duty import Duty, answerable, duties, owing


@duties.add
class DropVisits(Duty):
    """Every day of visits is deleted, with proof, when its time is over."""

    code = "discovery.drop_day"
    subject = VisitDay
    capability = Capability.RECORDS
    title: ClassVar[Any] = _("Delete the visits of a day")

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:
        return owing(
            among.filter(drop_at__lte=at),
            by=answerable(self.capability),
            since="received_at",
            due="drop_at",
            met="dropped_at",
        )


@duties.add
class DropResults(Duty):
    """What a search of visits found is deleted when nobody from it could still be under observation."""

    code = "discovery.drop_results"
    subject = Search
    capability = Capability.TRACE
    title: ClassVar[Any] = _("Delete what a search found")

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:
        return owing(
            among.filter(drop_at__lte=at),
            by=answerable(self.capability),
            since="searched_at",
            due="drop_at",
            met="dropped_at",
        )
