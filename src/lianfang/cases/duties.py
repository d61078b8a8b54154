"""What is owed about cases. Deadlines come from the rulebook's clocks, edition by edition."""

from datetime import datetime
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from lianfang.cases.models import Case
from lianfang.common.fields import later
from lianfang.core.registry.models import Capability
from lianfang.loop.duty import Duty, answerable, duties, owing


@duties.add
class Investigate(Duty):
    """Every newly confirmed case is investigated within 24 hours of the report."""

    code = "cases.investigate"
    subject = Case
    capability = Capability.INVESTIGATE
    title: ClassVar[Any] = _("Investigate the case")

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:  # noqa: ARG002 - not a matter of the clock
        return owing(
            among.filter(confirmed_at__isnull=False),
            by=answerable(self.capability),
            since="confirmed_at",
            due=later("confirmed_at", hours=24),
            met="investigated_at",
        )
