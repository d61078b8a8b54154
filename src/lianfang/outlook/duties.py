"""What is owed about foci: a special place is looked into, a cluster is reported as an event."""

from datetime import datetime
from typing import Any, ClassVar

from django.db.models import F, Min, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext_lazy as _

from lianfang.common.fields import MomentField
from lianfang.core.registry.models import Capability
from lianfang.core.rules import deadline
from lianfang.loop.duty import Check, Duty, Evidence, answerable, duties, owing
from lianfang.loop.models import Finding, Judgement
from lianfang.outlook.clusters import FINDING
from lianfang.outlook.models import Focus, Inspection

_MOMENT: MomentField = MomentField(null=True)


def _judged(ids: Any) -> QuerySet[Any]:
    rows = Finding.objects.filter(pk__in=ids, kind=FINDING)
    return Focus.objects.filter(pk__in=rows.values("subject_id")).values("pk")


@duties.add
class InspectPlace(Duty):
    """Every care home, prison, hospital, school or workshop with a case is looked into within 24 hours."""

    code = "outlook.inspect"
    subject = Focus
    capability = Capability.INVESTIGATE
    title: ClassVar[Any] = _("Look into the special place")

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        seen = Inspection.objects.filter(focus_id=OuterRef("pk"), superseded_at__isnull=True)
        first = seen.order_by().values(_one=F("pk") * 0).annotate(first=Min("occurred_at")).values("first")
        return owing(
            among.filter(gone_at__isnull=True).exclude(special=""),
            by=answerable(self.capability),
            since="identified_at",
            due=deadline("clock.inspection", "identified_at"),
            met=Subquery(first, output_field=_MOMENT),
        )


@duties.add
class ReportCluster(Duty):
    """Every cluster is reported as a public-health event within 2 hours, unless a person has dismissed it."""

    code = "outlook.report_cluster"
    subject = Focus
    capability = Capability.REVIEW
    title: ClassVar[Any] = _("Report the cluster")
    evidence = Evidence.CLICK  # the event system is another system, as with the first case of a county
    check = Check.BY_SECOND_UNIT
    watches: ClassVar[Any] = {"loop.Finding": _judged}

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        newest = (
            Judgement.objects.filter(
                finding__kind=FINDING, finding__subject="outlook.Focus", finding__subject_id=OuterRef("pk")
            )
            .order_by("-pk")
            .values("decision")[:1]
        )
        rows = among.filter(gone_at__isnull=True, is_cluster=True).alias(decided=Subquery(newest))
        return owing(
            rows.filter(~Q(decided="dismissed") | Q(decided__isnull=True)),
            by=answerable(self.capability),
            since="identified_at",
            due=deadline("clock.event_report", "identified_at"),
            met=None,
        )
