"""Everything that writes places, units, people and identities; other apps call these and nothing below them."""

from lianfang.core.registry.services.identity import (
    Revealed,
    reveal_identity,
    reveal_many,
    rotate_keys,
    search_identity,
)
from lianfang.core.registry.services.merges import decide_match, merge_people, undo_merge
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
from lianfang.core.registry.services.reviews import propose_matches

__all__ = [
    "Resolved",
    "Revealed",
    "add_identity",
    "change_person",
    "correct_identity",
    "decide_match",
    "index_people",
    "merge_people",
    "propose_matches",
    "register_people",
    "register_person",
    "resolve_people",
    "reveal_identity",
    "reveal_many",
    "rotate_keys",
    "search_identity",
    "undo_merge",
]
