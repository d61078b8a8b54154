"""What is recorded about care."""

from django.utils.translation import gettext_lazy as _

from lianfang.core.audit.tags import Tag


class CareEvent(Tag):
    """What can happen on the way of a patient, and to beds."""

    STOOD = "care.stood", _("a patient's stage or severity changed by rule")
    WARD_SET_UP = "care.ward_set_up", _("a ward was set up or changed")
    BEDS_CHANGED = "care.beds_changed", _("beds were opened or closed")
    TALLIED = "care.tallied", _("a facility told its beds by number")
    KEPT = "care.kept", _("a bed was taken out of use or given back")
    ASKED = "care.asked", _("a bed was asked for")
    PLACED = "care.placed", _("a person gave a patient a bed")
    TAKEN_BACK = "care.taken_back", _("a bed that was given was taken back")
    ASKED_NO_MORE = "care.asked_no_more", _("a request for a bed was withdrawn")
    MOVED_ON = "care.moved_on", _("a step of the way to a bed was reported")
    LAY_DOWN = "care.lay_down", _("a patient was laid in a bed")
    SEEN = "care.seen", _("a patient was seen on a round")
    ASKED_BEFORE = "care.asked_before", _("what a patient was ill with before was recorded")
    TREATED = "care.treated", _("a treatment was begun or ended")
    LEFT = "care.left", _("a patient left, by a person's decision")
    FOLLOWED_UP = "care.followed_up", _("a discharged patient was looked at")
    SUPPORTED = "care.supported", _("a discharged patient was given rehabilitation or counselling")
    WITHDRAWN = "care.withdrawn", _("an entry was withdrawn as wrong")
