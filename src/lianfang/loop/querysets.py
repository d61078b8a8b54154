"""Named filters over tasks and findings."""

from datetime import datetime
from typing import ClassVar, Self

from django.db.models import Exists, OuterRef, Q

from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.access.visibility import VisibleQuerySet


class TaskQuerySet(VisibleQuerySet):
    """Tasks are seen in the area of their subject, and by the unit that answers for them."""

    view_permission: ClassVar[Permission] = Permission.TASK_VIEW

    def seen_from(self, actor: Actor, paths: tuple[str, ...], lookup: str = "within") -> Q:
        """Return the condition: in the actor's areas, or answered for by the actor's own unit wherever the subject is."""
        areas = super().seen_from(actor, paths, lookup)
        return areas if actor.unit_id is None else areas | Q(unit_id=actor.unit_id)

    def open(self) -> Self:
        """Keep what is still owed."""
        return self.filter(status="open")

    def by_hand(self) -> Self:
        """Leave out what a recorded policy has shed."""
        return self.filter(shed_by__isnull=True)

    def overdue(self, at: datetime) -> Self:
        """Keep what is owed and late at `at`."""
        return self.filter(status="open", due_at__lt=at)


class FindingQuerySet(VisibleQuerySet):
    """Findings are seen by those who judge in their area."""

    view_permission: ClassVar[Permission] = Permission.FINDING_JUDGE

    def standing(self) -> Self:
        """Leave out findings whose grounds have gone."""
        return self.filter(withdrawn_at__isnull=True)

    def unjudged(self) -> Self:
        """Keep the findings on which nobody has decided since they were (last) found."""
        judgements = self.model._meta.get_field("judgements").related_model  # noqa: SLF001 - Django's Meta API
        since = judgements.objects.filter(finding_id=OuterRef("pk"), at__gte=OuterRef("found_at"))
        return self.standing().filter(~Exists(since))
