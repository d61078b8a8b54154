"""What a site must have before anybody can sign in: a place and a unit above all others, and an administrator."""

import secrets
from datetime import datetime

from lianfang.cli.door import progress


def found_site(*, nation: tuple[str, str], unit: tuple[str, str], login: str, at: datetime) -> str:
    """Make what is missing; return the password of the administrator where one was made, else "".

    The unit above all others can do everything, so that every duty has an owner from the first day.
    """
    from django.db import transaction

    from lianfang.core.access.actor import Actor
    from lianfang.core.access.permissions import Role
    from lianfang.core.access.selectors import users_in
    from lianfang.core.access.services import create_user, grant_role
    from lianfang.core.registry.models import Capability, Level, UnitKind
    from lianfang.core.registry.place_tables import PlaceRow
    from lianfang.core.registry.selectors import list_places, list_units
    from lianfang.core.registry.services import create_unit, load_places

    by = Actor.system("command line")
    with transaction.atomic():
        if not list_places(limit=1):
            load_places([PlaceRow(code=nation[0], name=nation[1], level=Level.NATION)], by=by, at=at)
            progress.print(f"The first place is {nation[1]} ({nation[0]}).", markup=False)
        top = list_places(limit=1)[0]
        if not list_units():
            kind = UnitKind.HEALTH_AUTHORITY
            create_unit(
                code=unit[0], name=unit[1], kind=kind, place=top, capabilities=list(Capability), by=by, at=at
            )
            progress.print(f"The first unit is {unit[1]} ({unit[0]}).", markup=False)
        if users_in(by, at).exists():
            return ""
        password = secrets.token_urlsafe(12)
        first = next(one for one in list_units() if one.parent_id is None)
        user = create_user(login=login, name=login, unit=first, password=password, by=by, at=at)
        grant_role(user=user, role=Role.ADMINISTRATOR, place=top, by=by, at=at)
    return password
