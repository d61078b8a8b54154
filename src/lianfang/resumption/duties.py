"""What is owed to firms, by both sides of a journey, and to people who are stranded."""

from datetime import datetime
from typing import Any, ClassVar

from django.db.models import Q, QuerySet, Value
from django.utils.translation import gettext_lazy as _

from lianfang.core.registry.models import Capability
from lianfang.core.rules import deadline
from lianfang.loop.duty import Duty, answerable, duties, owing
from lianfang.resumption.models import Arrival, Charter, HelpRequest, Reopening, Stranded, Traveller


@duties.add
class DecideReopening(Duty):
    """Every firm that needs a permit to reopen has a decision within three days."""

    code = "resumption.decide"
    subject = Reopening
    capability = Capability.SUPERVISE
    title: ClassVar[Any] = _("Decide on the reopening")

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        return owing(
            among.filter(needs_permit=True).filter(
                # What was replaced, or closed again, before anybody decided needs no decision any more.
                Q(superseded_at__isnull=True, closed_at__isnull=True) | Q(decided_at__isnull=False)
            ),
            by=answerable(self.capability),
            since="occurred_at",
            due=deadline("clock.reopening_decision", "occurred_at"),
            met="decided_at",
        )


@duties.add
class HelpFirm(Duty):
    """Every firm that asks for help to reopen is answered within three days."""

    code = "resumption.help"
    subject = HelpRequest
    capability = Capability.SUPERVISE
    title: ClassVar[Any] = _("Help the firm")

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        return owing(
            among,
            by=answerable(self.capability),
            since="asked_at",
            due=deadline("clock.firm_help", "asked_at"),
            met="answered_at",
        )


@duties.add
class CheckTraveller(Duty):
    """Every traveller on the list of a charter is checked for fever before it departs."""

    code = "resumption.check"
    subject = Traveller
    capability = Capability.SCREEN
    title: ClassVar[Any] = _("Check the traveller")

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        return owing(
            among.filter(Q(charter__called_off_at__isnull=True) | Q(checked_at__isnull=False)),
            by=answerable(self.capability),
            since="listed_at",
            due="due_at",
            met="checked_at",
            path="source_path",
        )


@duties.add
class ReceiveCharter(Duty):
    """Every charter that has departed is taken over where it arrives, with the number of those who came."""

    code = "resumption.receive"
    subject = Charter
    capability = Capability.OBSERVE
    title: ClassVar[Any] = _("Take over the charter")

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        return owing(
            among.filter(departed_at__isnull=False),
            by=answerable(self.capability, "to_place_id"),
            since="departed_at",
            due=deadline("clock.handover", "arrives_at"),
            met="received_at",
            risk=Value(30),
        )


@duties.add
class MeetArrival(Duty):
    """Every person whose arrival was announced is met within a day by the place where they arrive."""

    code = "resumption.meet"
    subject = Arrival
    capability = Capability.OBSERVE
    title: ClassVar[Any] = _("Meet the person who arrives")

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        return owing(
            among,
            by=answerable(self.capability),
            since="announced_at",
            due=deadline("clock.arrival", "expected_at"),
            met="met_at",
            risk=Value(40),
        )


@duties.add
class SettleStranded(Duty):
    """Every stranded person who is reported is looked after within a day by the place where they are."""

    code = "resumption.settle"
    subject = Stranded
    capability = Capability.OBSERVE
    title: ClassVar[Any] = _("Look after the stranded person")

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        return owing(
            among,
            by=answerable(self.capability),
            since="found_at",
            due=deadline("clock.stranded", "found_at"),
            met="settled_at",
            risk=Value(50),
        )
