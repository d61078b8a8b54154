"""How a writer tells the loop that facts about some rows have changed: in its own transaction, without ever waiting."""

from collections.abc import Iterable
from datetime import datetime

from django.db import models

from lianfang.common.bulk import insert_values
from lianfang.loop.models import Touched


def touch(model: type[models.Model], ids: Iterable[int], *, at: datetime) -> None:
    """Queue the rows for the next incremental pass, which looks at each subject once however often it stands there."""
    label = model._meta.label  # noqa: SLF001 - Django's documented Meta API
    insert_values(Touched, ("subject", "subject_id", "at"), [(label, pk, at) for pk in sorted(set(ids))])
