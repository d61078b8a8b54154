"""The acts of intake that are recorded."""

from django.utils.translation import gettext_lazy as _

from lianfang.core.audit.tags import Tag


class IntakeEvent(Tag):
    """What is done with arriving files, messages and rows."""

    SOURCE_ADDED = "intake.source_added", _("a source was added")
    FILE_RECEIVED = "intake.file_received", _("a file was received")
    MAPPING_CONFIRMED = "intake.mapping_confirmed", _("it was confirmed which column is which field")
    BATCH_ACCEPTED = (
        "intake.batch_accepted",
        _("the readable rows of an import were accepted, the rest parked"),
    )
    BATCH_UNDONE = "intake.batch_undone", _("an import was undone")
    SIGNAL_RECEIVED = "intake.signal_received", _("a message was received")
    SIGNAL_OPENED = "intake.signal_opened", _("the sealed fields of a row were opened")
    SIGNAL_REPAIRED = "intake.signal_repaired", _("a parked row was repaired")
    SIGNAL_SET_ASIDE = "intake.signal_set_aside", _("a parked row was set aside")
    SIGNALS_REPLAYED = "intake.signals_replayed", _("parked rows were tried again")
    PROBLEMS_EXPORTED = (
        "intake.problems_exported",
        _("the parked rows of an import were given out for correction"),
    )
    RECORDS_EXPORTED = "intake.records_exported", _("records were exported")
