"""What can be done to contacts. Each act writes its facts, derives what follows, and records who did it."""

from lianfang.contacts.services.interviewing import Told, list_from_interview
from lianfang.contacts.services.isolating import (
    add_beds,
    attend,
    close_beds,
    end_stay,
    name_liaison,
    open_site,
    place_contact,
    supply,
    withdraw_care,
    withdraw_stay,
)
from lianfang.contacts.services.naming import correct_exposure, name_contact, record_exposure
from lianfang.contacts.services.observing import (
    close_observation,
    notify_contact,
    record_observation,
    withdraw_entry,
)
from lianfang.contacts.services.releasing import release
from lianfang.contacts.services.self_reporting import (
    make_self_link,
    report_self,
    revoke_self_links,
)
from lianfang.contacts.services.suspecting import record_swab, suspect_contact, withdraw_swab

__all__ = [
    "Told",
    "add_beds",
    "attend",
    "close_beds",
    "close_observation",
    "correct_exposure",
    "end_stay",
    "list_from_interview",
    "make_self_link",
    "name_contact",
    "name_liaison",
    "notify_contact",
    "open_site",
    "place_contact",
    "record_exposure",
    "record_observation",
    "record_swab",
    "release",
    "report_self",
    "revoke_self_links",
    "supply",
    "suspect_contact",
    "withdraw_care",
    "withdraw_entry",
    "withdraw_stay",
    "withdraw_swab",
]
