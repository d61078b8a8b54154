"""What arrives about a person, and what is already known, in the one shape that is hashed and compared."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

from lianfang.core.registry.matching.names import Name, read_name
from lianfang.core.registry.matching.particulars import (
    normal_address,
    normal_email,
    normal_national_id,
    normal_number,
    normal_phone,
    read_chinese_id,
)

_NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class PersonCandidate:
    """A person as an arriving row tells it; everything may be missing.

    `birth_year_is_estimated` says that the year was worked out from an age and may be one off. `path` is the path of
    the place `place_id`. A valid Chinese identity number fills in a missing date of birth and sex (`completed`).
    """

    name: str = ""
    sex: str = "unknown"
    birth_date: date | None = None
    birth_year: int | None = None
    birth_year_is_estimated: bool = False
    phone: str = ""
    national_id: str = ""
    passport: str = ""
    email: str = ""
    address: str = ""
    guardian: str = ""
    occupation: str = ""
    place_id: int | None = None
    path: str = ""

    def completed(self) -> "PersonCandidate":
        """Return the candidate with what follows from what it says."""
        return self._completed

    @cached_property
    def _completed(self) -> "PersonCandidate":
        filled = self
        carried = read_chinese_id(normal_national_id(self.national_id)) if self.national_id else None
        if carried is not None:
            born, sex = carried
            filled = replace(
                filled,
                birth_date=filled.birth_date or born,
                sex=filled.sex if filled.sex not in {"", "unknown"} else sex,
            )
        if filled.birth_date is not None:
            filled = replace(filled, birth_year=filled.birth_date.year, birth_year_is_estimated=False)
        return filled if filled.sex else replace(filled, sex="unknown")

    def profile(self) -> "Profile":
        """Return the candidate as it is compared."""
        full = self.completed()
        return Profile(
            names=_some(full.name),
            births=() if full.birth_date is None else (full.birth_date,),
            birth_year=full.birth_year,
            year_is_estimated=full.birth_year_is_estimated,
            sex=full.sex,
            phones=_some(full.phone),
            national_ids=_some(full.national_id),
            passports=_some(full.passport),
            emails=_some(full.email),
            addresses=_some(full.address),
            path=full.path,
        )


def _some(text: str) -> tuple[str, ...]:
    return (text,) if text.strip() else ()


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Everything by which one person is compared with another; a person may have several names, phones, addresses."""

    names: tuple[str, ...] = ()
    births: tuple[date, ...] = ()
    birth_year: int | None = None
    year_is_estimated: bool = False
    sex: str = "unknown"
    phones: tuple[str, ...] = ()
    national_ids: tuple[str, ...] = ()
    passports: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    path: str = ""

    @cached_property
    def read_names(self) -> tuple[Name, ...]:
        """The names in their forms."""
        return tuple(name for name in map(read_name, self.names) if name is not None)

    @cached_property
    def normal_phones(self) -> frozenset[str]:
        """The telephone numbers in normal form."""
        return _normal(normal_phone, self.phones)

    @cached_property
    def normal_national_ids(self) -> frozenset[str]:
        """The national identity numbers in normal form."""
        return _normal(normal_national_id, self.national_ids)

    @cached_property
    def normal_passports(self) -> frozenset[str]:
        """The passport numbers in normal form."""
        return _normal(normal_number, self.passports)

    @cached_property
    def normal_emails(self) -> frozenset[str]:
        """The e-mail addresses in normal form."""
        return _normal(normal_email, self.emails)

    @cached_property
    def normal_addresses(self) -> frozenset[str]:
        """The addresses in normal form."""
        return _normal(normal_address, self.addresses)


def _normal(form: Callable[[str], str], texts: tuple[str, ...]) -> frozenset[str]:
    return frozenset(normal for text in texts if (normal := form(text))) if texts else _NONE
