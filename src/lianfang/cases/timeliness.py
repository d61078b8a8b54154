"""The event on which 7-1-7 is measured: the first confirmed case of a disease in an area."""

from typing import Any, ClassVar

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext_lazy as _

from lianfang.cases.models import Case, Sign
from lianfang.common.fields import MomentField
from lianfang.core.access.actor import Actor
from lianfang.loop.timeliness import TimedEvent, timed, timed_events

_MOMENT: MomentField = MomentField(null=True)


@timed_events.add
class FirstCase(TimedEvent):
    """The first confirmed case of a disease in the area that answers for it.

    Emergence is its onset, detection its diagnosis, notification its report, response its completed investigation.
    """

    code = "cases.first"
    title: ClassVar[Any] = _("First case of an area")

    def events(self, actor: Actor, path: str) -> QuerySet[Any]:
        cases = Case.objects.visible_to(actor).filter(confirmed_at__isnull=False)
        if path:
            cases = cases.filter(path__within=path)
        earlier = Case.objects.filter(
            place_id=OuterRef("place_id"),
            disease=OuterRef("disease"),
            confirmed_at__lte=OuterRef("confirmed_at"),
        ).filter(Q(confirmed_at__lt=OuterRef("confirmed_at")) | Q(pk__lt=OuterRef("pk")))
        onset = Sign.objects.filter(case_id=OuterRef("pk"), is_onset=True, superseded_at__isnull=True)
        return timed(
            cases.filter(~Exists(earlier)),
            name="number",
            emerged=Subquery(onset.order_by("occurred_at").values("occurred_at")[:1], output_field=_MOMENT),
            detected=F("diagnosed_at"),
            notified=F("reported_at"),
            responded=F("investigated_at"),
        )
