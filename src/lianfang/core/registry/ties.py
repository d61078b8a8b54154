"""Through what an actor may reach a person: the person's own area, or a case, contact or other row about the person.

People cross borders as the normal case: the county of a case must reach the contacts that live elsewhere. Every model
with a foreign key to Person whose rows have areas (`VisibleQuerySet`) is such a tie; it is found by introspection.
"""

from collections.abc import Collection, Iterator
from typing import Any

from django.db import models

from lianfang.common.errors import NotVisible
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.access.visibility import VisibleQuerySet
from lianfang.core.registry.models import Person


def references_to(model: type[models.Model]) -> Iterator[tuple[type[models.Model], str]]:
    """Yield (model, field name) of every foreign key and one-to-one to `model`, hidden relations included."""
    for relation in model._meta.get_fields(include_hidden=True):  # noqa: SLF001 - Django's documented Meta API
        if relation.auto_created and not relation.concrete and (relation.one_to_many or relation.one_to_one):
            source: Any = relation.related_model
            if not source._meta.proxy:  # noqa: SLF001
                yield source, relation.field.name  # type: ignore[union-attr]


def reachable(actor: Actor, people: Collection[int], permission: Permission) -> set[int]:
    """Return those of the people whom `actor` may reach with `permission`: one query, and one per kind of tie if needed."""
    asked = set(people)
    found = set(
        Person.objects.visible_to(actor, permission).filter(pk__in=asked).values_list("pk", flat=True)
    )
    for model, field in references_to(Person):
        missing = asked - found
        if not missing:
            break
        rows = model._default_manager.all()  # noqa: SLF001
        if model is not Person and isinstance(rows, VisibleQuerySet):
            tied = rows.visible_to(actor, permission).filter(**{f"{field}__in": missing})
            found |= set(tied.values_list(f"{field}_id", flat=True))
    return found


def require_reach(actor: Actor, people: Collection[int], permission: Permission) -> None:
    """Raise NotPermitted without the permission anywhere, NotVisible where one of the people is out of reach."""
    actor.require(permission)
    if set(people) - reachable(actor, people, permission):
        raise NotVisible(thing=Person._meta.verbose_name)  # noqa: SLF001
