"""What all facts have in common: they are added, superseded or withdrawn, and never edited.

`occurred_at` is when it was so in the world, `recorded_at` when the system came to know. Both together give reporting
delays, nowcasts, and the answer to "what did we know at 18:00 on the 12th?".
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Q

from lianfang.common.clock import site_zone
from lianfang.common.errors import NotYet
from lianfang.common.fields import MomentField

# Clocks of phones and of laboratories run a little ahead of ours.
_AHEAD = timedelta(minutes=15)


class FactQuerySet(models.QuerySet[Any]):
    """Reads of facts; every reader says whether it wants what holds now or what was known then."""

    def current(self) -> Self:
        """Keep the facts that hold now: neither corrected nor withdrawn."""
        return self.filter(superseded_at__isnull=True)

    def as_known(self, at: datetime) -> Self:
        """Keep the facts that the system held at `at`, whatever happened to them later."""
        return self.filter(recorded_at__lte=at).filter(
            Q(superseded_at__isnull=True) | Q(superseded_at__gt=at)
        )

    def bulk_create(self, objs: Iterable[Any], *args: Any, **fields: Any) -> list[Any]:
        """Write many facts, none of what has not come yet."""
        facts = list(objs)
        for fact in facts:
            fact.require_past()
        return super().bulk_create(facts, *args, **fields)


class Fact(models.Model):
    """One thing that was observed or done. A correction is a new row; this one then says when it ceased to hold."""

    occurred_at = MomentField()
    recorded_at = MomentField()
    recorded_by = models.ForeignKey("access.User", models.PROTECT, null=True, related_name="+")
    superseded_at = MomentField(null=True, blank=True)
    superseded_by = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="corrects")
    withdrawn_because = models.TextField(blank=True)

    objects = FactQuerySet.as_manager()

    can_lie_ahead: ClassVar[bool] = False  # true of what is arranged before it begins, such as a shift

    class Meta:
        abstract = True

    def save(self, *args: Any, **fields: Any) -> None:
        """Write the fact, unless it tells of what has not come yet."""
        self.require_past()
        super().save(*args, **fields)

    def require_past(self) -> None:
        """Raise NotYet for a fact that would have occurred after it was recorded."""
        if not self.can_lie_ahead and self.occurred_at > self.recorded_at + _AHEAD:
            raise NotYet(moment=f"{self.occurred_at.astimezone(site_zone()):%Y-%m-%d %H:%M}")

    @property
    def holds(self) -> bool:
        """Whether the fact still holds."""
        return self.superseded_at is None
