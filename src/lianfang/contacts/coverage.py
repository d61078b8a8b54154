"""Everyone who should be listed and observed, is; and beside the follow-up the question who was never listed."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext_lazy as _

from lianfang.cases.models import Case
from lianfang.common.clock import local_day, start_of
from lianfang.contacts.models import Contact, FollowUp, Observation, Seen
from lianfang.core.access.actor import Actor
from lianfang.core.registry.models import Day
from lianfang.loop.coverage import Coverage, coverages

# The cases whose contacts and earlier standing are looked at: those of the last fortnight.
_NEW_DAYS = 14
_SEEN = (Seen.SEEN_OK, Seen.SEEN_NOT_OK)


def _new_cases(actor: Actor, path: str, at: datetime) -> QuerySet[Any]:
    since = start_of(local_day(at) - timedelta(days=_NEW_DAYS))
    rows = Case.objects.visible_to(actor, of_few=True).filter(confirmed_at__gte=since)
    return rows.filter(path__within=path) if path else rows


@coverages.add
class Observed(Coverage):
    """Everyone under observation was seen today (应隔尽隔)."""

    code = "contacts.observed"
    title: ClassVar[Any] = _("Seen today, of those under observation")
    twin = "contacts.known"

    def should(self, actor: Actor, path: str, at: datetime) -> QuerySet[Any]:
        rows = Contact.objects.visible_to(actor).observed_on(local_day(at))
        return rows.filter(path__within=path) if path else rows

    def covered(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:
        return among.filter(pk__in=Contact.objects.seen_on(local_day(at)).values("pk"))


@coverages.add
class Listed(Coverage):
    """Every new case of 14 days has a contact listed."""

    code = "contacts.listed"
    title: ClassVar[Any] = _("New cases with a contact listed")

    def should(self, actor: Actor, path: str, at: datetime) -> QuerySet[Any]:
        return _new_cases(actor, path, at)

    def covered(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        return among.filter(Exists(Contact.objects.filter(case_id=OuterRef("pk"))))


@coverages.add
class Known(Coverage):
    """Every new case of 14 days had been a known contact."""

    code = "contacts.known"
    title: ClassVar[Any] = _("New cases that were known contacts")

    def should(self, actor: Actor, path: str, at: datetime) -> QuerySet[Any]:
        return _new_cases(actor, path, at)

    def covered(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        return among.filter(Exists(Contact.objects.filter(case_later_id=OuterRef("pk"))))


@coverages.add
class ObservedAtOnset(Coverage):
    """Every new case of 14 days with an onset was under observation on that day."""

    code = "contacts.observed_at_onset"
    title: ClassVar[Any] = _("New cases under observation at onset")

    def should(self, actor: Actor, path: str, at: datetime) -> QuerySet[Any]:
        return _new_cases(actor, path, at).filter(onset_on__isnull=False)

    def covered(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        observed = Contact.objects.filter(
            case_later_id=OuterRef("pk"), observe_from_on__lte=OuterRef("onset_on")
        )
        return among.filter(Exists(observed))


@coverages.add
class Reached(Coverage):
    """Every contact named in the last 14 days has been told or seen."""

    code = "contacts.reached"
    title: ClassVar[Any] = _("Contacts reached, of those named in 14 days")
    twin = "contacts.listed"

    def should(self, actor: Actor, path: str, at: datetime) -> QuerySet[Any]:
        since = start_of(local_day(at) - timedelta(days=_NEW_DAYS))
        rows = Contact.objects.visible_to(actor, of_few=True).filter(named_at__gte=since)
        rows = rows.exclude(status__in=(FollowUp.CANCELLED, FollowUp.NONE))
        return rows.filter(path__within=path) if path else rows

    def covered(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        seen = Observation.objects.current().filter(contact_id=OuterRef("pk"), seen__in=_SEEN)
        return among.filter(Q(notified_at__isnull=False) | Exists(seen))


@coverages.add
class QuarantinedAtOnset(Coverage):
    """Every new case of 14 days with an onset had been told or seen as a contact by the end of that day."""

    code = "contacts.quarantined_at_onset"
    title: ClassVar[Any] = _("New cases already in quarantine at onset")

    def should(self, actor: Actor, path: str, at: datetime) -> QuerySet[Any]:
        return _new_cases(actor, path, at).filter(onset_on__isnull=False)

    def covered(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        day_ends = Day.objects.filter(on=OuterRef("onset_on")).values("ends_at")[:1]
        ends = among.annotate(_ends=Subquery(day_ends))
        told = Contact.objects.filter(case_later_id=OuterRef("pk"), notified_at__lte=OuterRef("_ends"))
        seen = Observation.objects.current().filter(
            contact__case_later_id=OuterRef("pk"), on__lte=OuterRef("onset_on"), seen__in=_SEEN
        )
        covered: QuerySet[Any] = ends.filter(Q(Exists(told)) | Q(Exists(seen)))
        return covered
