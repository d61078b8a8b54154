"""What can be done to contacts. Each act writes its facts, derives what follows, and records who did it."""

from lianfang.contacts.services.naming import correct_exposure, name_contact, record_exposure
from lianfang.contacts.services.observing import (
    close_observation,
    notify_contact,
    record_observation,
    withdraw_entry,
)

__all__ = [
    "close_observation",
    "correct_exposure",
    "name_contact",
    "notify_contact",
    "record_exposure",
    "record_observation",
    "withdraw_entry",
]
