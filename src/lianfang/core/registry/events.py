"""The acts of the registry that are recorded."""

from django.utils.translation import gettext_lazy as _

from lianfang.core.audit.tags import Tag


class RegistryEvent(Tag):
    """What is done to places, units, people and identities."""

    PLACES_LOADED = "registry.places_loaded", _("places were loaded from a table")
    PLACE_MOVED = "registry.place_moved", _("a place was renamed, recoded or moved under another")
    PLACE_MARKED = "registry.place_marked", _("it was said whether a county is a district of its city")
    PLACE_SUCCEEDED = "registry.place_succeeded", _("a place was abolished in favour of another")
    UNIT_CREATED = "registry.unit_created", _("a unit was created")
    UNIT_CHANGED = "registry.unit_changed", _("a unit or what it answers for was changed")
    UNIT_CLOSED = "registry.unit_closed", _("a unit was closed")
    PERSON_REGISTERED = "registry.person_registered", _("a person was registered")
    PERSON_CHANGED = "registry.person_changed", _("what is known of a person was changed")
    IDENTITY_CORRECTED = "registry.identity_corrected", _("a particular of a person was corrected")
    IDENTITY_REVEALED = "registry.identity_revealed", _("particulars of a person were read")
    IDENTITY_SEARCHED = "registry.identity_searched", _("a person was searched for by a particular")
    IDENTITY_ERASED = "registry.identity_erased", _("the particulars of a person were erased")
    KEYS_ROTATED = "registry.keys_rotated", _("identities were sealed again under a new key")
    HOUSEHOLD_CHANGED = "registry.household_changed", _("a household or its members changed")
    MATCH_PROPOSED = "registry.match_proposed", _("two records were proposed as one person")
    MATCH_DECIDED = "registry.match_decided", _("it was decided whether two records are one person")
    PEOPLE_MERGED = "registry.people_merged", _("two records were made one person")
    MERGE_UNDONE = "registry.merge_undone", _("a merge of two records was undone")
