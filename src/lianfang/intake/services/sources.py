"""Who sends: a source belongs to a unit, which hears what becomes of its signals."""

from datetime import datetime

from django.db import transaction

from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import record
from lianfang.core.registry.models import Unit
from lianfang.intake.errors import SourceElsewhere
from lianfang.intake.events import IntakeEvent
from lianfang.intake.models import Source


@transaction.atomic
def ensure_source(*, code: str, unit: Unit, by: Actor, at: datetime, name: str = "") -> Source:
    """Return the source of this code, made for the unit where there is none; another unit's code is refused."""
    standing = Source.objects.select_related("unit").filter(code=code).first()
    if standing is not None:
        if not by.may(Permission.IMPORT_RUN, standing.unit.path):
            raise SourceElsewhere(code=code)
        return standing
    by.require(Permission.IMPORT_RUN, unit.path)
    source = Source.objects.create(code=code, name=name or code, unit=unit)
    record(IntakeEvent.SOURCE_ADDED, subject=source, by=by, at=at, path=unit.path, after={"code": code})
    return source
