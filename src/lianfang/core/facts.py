"""What all facts have in common: they are added, superseded or withdrawn, and never edited.

`occurred_at` is when it was so in the world, `recorded_at` when the system came to know. Both together give reporting
delays, nowcasts, and the answer to "what did we know at 18:00 on the 12th?".
"""

from datetime import datetime
from typing import Any, Self

from django.db import models
from django.db.models import Q

from lianfang.common.fields import MomentField


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


class Fact(models.Model):
    """One thing that was observed or done. A correction is a new row; this one then says when it ceased to hold."""

    occurred_at = MomentField()
    recorded_at = MomentField()
    recorded_by = models.ForeignKey("access.User", models.PROTECT, null=True, related_name="+")
    superseded_at = MomentField(null=True, blank=True)
    superseded_by = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="corrects")
    withdrawn_because = models.TextField(blank=True)

    objects = FactQuerySet.as_manager()

    class Meta:
        abstract = True

    @property
    def holds(self) -> bool:
        """Whether the fact still holds."""
        return self.superseded_at is None
