"""Everything that writes places, units, people and identities; other apps call these and nothing below them."""

from lianfang.core.registry.services.households import (
    add_member,
    create_household,
    end_membership,
    move_member,
)
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
from lianfang.core.registry.services.places import (
    PlaceLoad,
    Succession,
    load_places,
    mark_urban,
    move_place,
    propose_successions,
    succeed_place,
)
from lianfang.core.registry.services.retention import (
    KeepingRule,
    Retention,
    erase_expired,
    erase_identities,
    expired_people,
)
from lianfang.core.registry.services.reviews import propose_matches
from lianfang.core.registry.services.units import change_unit, close_unit, create_unit, load_units

__all__ = [
    "KeepingRule",
    "PlaceLoad",
    "Resolved",
    "Retention",
    "Revealed",
    "Succession",
    "add_identity",
    "add_member",
    "change_person",
    "change_unit",
    "close_unit",
    "correct_identity",
    "create_household",
    "create_unit",
    "decide_match",
    "end_membership",
    "erase_expired",
    "erase_identities",
    "expired_people",
    "index_people",
    "load_places",
    "load_units",
    "mark_urban",
    "merge_people",
    "move_member",
    "move_place",
    "propose_matches",
    "propose_successions",
    "register_people",
    "register_person",
    "resolve_people",
    "reveal_identity",
    "reveal_many",
    "rotate_keys",
    "search_identity",
    "succeed_place",
    "undo_merge",
]
