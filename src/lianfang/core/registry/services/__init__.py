"""Everything that writes places, units, people and identities; other apps call these and nothing below them."""

from lianfang.core.registry.services.people import (
    Resolved,
    add_identity,
    change_person,
    correct_identity,
    index_people,
    register_people,
    register_person,
    resolve_people,
)

__all__ = [
    "Resolved",
    "add_identity",
    "change_person",
    "correct_identity",
    "index_people",
    "register_people",
    "register_person",
    "resolve_people",
]
