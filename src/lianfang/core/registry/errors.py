"""What can go wrong in the registry."""

from http import HTTPStatus

from lianfang.common.errors import LianfangError


class NotSearchable(LianfangError):  # noqa: N818
    """Nobody can be looked up by this alone: it is no name, or no whole number of its kind."""

    code = "registry.not_searchable"
    hint = "Give a name, or the whole number of a telephone or an identity document."


class EmptyReason(LianfangError):  # noqa: N818
    """Say why: {field} must not be empty."""

    code = "registry.empty_reason"
    hint = "Write a short reason; it is kept with the act and can be read by the supervisor."


class NoPerson(LianfangError):  # noqa: N818
    """It is not said who the person is."""

    code = "registry.no_person"
    hint = "Give the public id of a person on file (person), or tell who it is (who)."


class UnknownPlace(LianfangError):  # noqa: N818
    """There is no place {place}."""

    code = "registry.unknown_place"
    hint = "Use the code of the place table, or load the table that has it."


class AmbiguousPlace(LianfangError):  # noqa: N818
    """Several places are called {place}: {codes}."""

    code = "registry.ambiguous_place"
    hint = "Give the code, or the name together with that of the place above it."


class BadPlaceTable(LianfangError):  # noqa: N818
    """The place table cannot be loaded: {reason}"""  # noqa: D400 - the reason ends the sentence

    code = "registry.bad_place_table"
    hint = "Correct the named line and load the table again; nothing was changed."


class UnknownUnit(LianfangError):  # noqa: N818
    """There is no unit {unit}."""

    code = "registry.unknown_unit"
    hint = "Use the code of a unit that is open; see the list of units."


class BadUnitTable(LianfangError):  # noqa: N818
    """The table of units cannot be loaded: {reason}"""  # noqa: D400 - the reason ends the sentence

    code = "registry.bad_unit_table"
    hint = "Correct the named line and load the table again; nothing was changed."


class PlaceCannotMove(LianfangError):  # noqa: N818
    """{place} cannot be placed under {parent}: {reason}."""

    code = "registry.place_cannot_move"
    hint = "Choose a place that is not inside the one to be moved, and a code that is not taken."


class NotACounty(LianfangError):  # noqa: N818
    """{place} is no county: only a county can be a district of its city."""

    code = "registry.not_a_county"
    hint = "Mark the districts one by one, each by its own code."


class LastUnit(LianfangError):  # noqa: N818
    """{unit} is the only unit above all others and cannot be closed."""

    code = "registry.last_unit"
    status = HTTPStatus.CONFLICT
    hint = "Create the unit that takes over first."


class CannotMerge(LianfangError):  # noqa: N818
    """These two records cannot be merged: {reason}."""

    code = "registry.cannot_merge"
    status = HTTPStatus.CONFLICT
    hint = "Open both records again; one of them may have been merged meanwhile."


class RecordsOverlap(LianfangError):  # noqa: N818
    """By both records the person was in two places at one time: {first}; {second}."""

    code = "registry.records_overlap"
    status = HTTPStatus.CONFLICT
    hint = "Withdraw the one of the two that was entered wrongly, on the page of its contact or patient; then merge."


class CannotUndoMerge(LianfangError):  # noqa: N818
    """The merge cannot be undone: {reason}."""

    code = "registry.cannot_undo_merge"
    status = HTTPStatus.CONFLICT
    hint = "Undo the later merges of the same person first, the newest first."


class AlreadyDecided(LianfangError):  # noqa: N818
    """Somebody has already decided on this pair: {decision}."""

    code = "registry.already_decided"
    status = HTTPStatus.CONFLICT
    hint = "Open the pair again to see the decision and its reason."


class HouseholdConflict(LianfangError):  # noqa: N818
    """The membership does not fit: {reason}."""

    code = "registry.household_conflict"
    status = HTTPStatus.CONFLICT
    hint = "End the present membership first, or move the person to the other household."
