"""Contacts, their exposures, what was seen of them, and where they stay."""

from lianfang.contacts.models.contact import (
    Closing,
    Contact,
    ContactQuerySet,
    FollowUp,
    Observation,
    Seen,
    SelfReports,
)
from lianfang.contacts.models.exposure import Exposure, Origin, Protection
from lianfang.contacts.models.isolation import (
    Attendance,
    Bed,
    IsolationSite,
    Liaison,
    Need,
    Room,
    SiteKind,
    Stay,
    StayKind,
    Supply,
)
from lianfang.contacts.models.self_report import SelfLink, SelfLinkUse
from lianfang.contacts.models.swab import Swab, SwabDay

__all__ = [
    "Attendance",
    "Bed",
    "Closing",
    "Contact",
    "ContactQuerySet",
    "Exposure",
    "FollowUp",
    "IsolationSite",
    "Liaison",
    "Need",
    "Observation",
    "Origin",
    "Protection",
    "Room",
    "Seen",
    "SelfLink",
    "SelfLinkUse",
    "SelfReports",
    "SiteKind",
    "Stay",
    "StayKind",
    "Supply",
    "Swab",
    "SwabDay",
]
