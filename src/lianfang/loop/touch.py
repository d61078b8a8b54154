"""How a writer tells the loop that facts about some rows have changed: in its own transaction, without ever waiting."""

from collections.abc import Iterable
from datetime import datetime

from django.db import models

from lianfang.loop.models import Touched


def touch(model: type[models.Model], ids: Iterable[int], *, at: datetime) -> None:
    """Queue the rows for the next incremental pass, which looks at each subject once however often it stands there."""
    label = model._meta.label  # noqa: SLF001 - Django's documented Meta API
    Touched.objects.bulk_create(
        [Touched(subject=label, subject_id=pk, at=at) for pk in set(ids)], batch_size=1000
    )
