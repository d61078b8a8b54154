"""What is recorded about teams."""

from django.utils.translation import gettext_lazy as _

from lianfang.core.audit.tags import Tag


class TeamEvent(Tag):
    """What can happen to teams, health workers and consultations."""

    PAIRED = "teams.paired", _("a new round of pairings began and ended the old")
    FORMED = "teams.formed", _("a team was formed")
    JOINED = "teams.joined", _("a health worker joined a team")
    DEPLOYED = "teams.deployed", _("a team was deployed")
    RELIEVED = "teams.relieved", _("a deployment ended")
    RESUMED = "teams.resumed", _("the end of a deployment was withdrawn")
    RESTED = "teams.rested", _("a day off was recorded or withdrawn")
    PROPOSED = "teams.proposed", _("the machine proposed a roster")
    DECIDED = "teams.decided", _("a person decided on a roster")
    EXPOSED = "teams.exposed", _("a health worker was exposed")
    ASSESSED = "teams.assessed", _("an exposure was assessed")
    BACK = "teams.back", _("a health worker went back to work after an infection")
    PAID = "teams.paid", _("an allowance was paid")
    ASKED = "teams.asked", _("advice was asked for")
    SCHEDULED = "teams.scheduled", _("a consultation was scheduled")
    ANSWERED = "teams.answered", _("a consultation was answered or reopened")
