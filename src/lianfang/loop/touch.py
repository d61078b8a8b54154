"""How a writer tells the loop that facts about some rows have changed: in its own transaction, at once forgotten."""

from collections.abc import Iterable
from datetime import datetime

from django.db import models

from lianfang.loop.models import Touched


def touch(model: type[models.Model], ids: Iterable[int], *, at: datetime) -> None:
    """Queue the rows for the next incremental pass; queueing a row twice is one entry."""
    label = model._meta.label  # noqa: SLF001 - Django's documented Meta API
    rows = [Touched(subject=label, subject_id=pk, at=at) for pk in set(ids)]
    Touched.objects.bulk_create(
        rows,
        batch_size=1000,
        update_conflicts=True,
        unique_fields=["subject", "subject_id"],
        update_fields=["at"],
    )
