"""What is recorded about resumption and travel."""

from django.utils.translation import gettext_lazy as _

from lianfang.core.audit.tags import Tag


class ResumptionEvent(Tag):
    """What can happen to firms, charters and stranded people."""

    REGISTERED = "resumption.registered", _("a firm was entered")
    DECLARED = "resumption.declared", _("a firm declared that it reopens")
    DECIDED = "resumption.decided", _("the reopening of a firm was decided on, or the decision taken back")
    CLOSED = "resumption.closed", _("a firm closed again")
    ASKED = "resumption.asked", _("a firm asked for help")
    HELPED = "resumption.helped", _("help for a firm was answered, or the answer taken back")
    PLANNED = "resumption.planned", _("a charter of returning workers was planned")
    LISTED = "resumption.listed", _("people were put on the list of a charter")
    CHECKED = "resumption.checked", _("a traveller was checked before boarding, or the check taken back")
    DEPARTED = "resumption.departed", _("a charter departed")
    RECEIVED = "resumption.received", _("the receiving side took over a charter, or took that back")
    CALLED_OFF = "resumption.called_off", _("a charter of returning workers was called off")
    ANNOUNCED = "resumption.announced", _("the arrival of a person was announced")
    MET = "resumption.met", _("a person who was announced was met, or that was taken back")
    STRANDED = "resumption.stranded", _("a stranded person was reported")
    SETTLED = "resumption.settled", _("a stranded person was looked after, or that was taken back")
