"""What arrives about a person, and what is already known, in the one shape that is hashed and compared."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from django.utils.functional import cached_property

from lianfang.core.registry.matching.forms import NUMBERS, Form, kept_forms, looked_up_forms
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
        born, sex = self.birth_date, self.sex or "unknown"
        carried = read_chinese_id(normal_national_id(self.national_id)) if self.national_id else None
        if carried is not None:
            born = born or carried[0]
            sex = carried[1] if sex == "unknown" else sex
        year = born.year if born is not None else self.birth_year
        estimated = self.birth_year_is_estimated and born is None
        follows = {"birth_date": born, "sex": sex, "birth_year": year, "birth_year_is_estimated": estimated}
        if all(getattr(self, name) == value for name, value in follows.items()):
            return self
        return replace(self, **follows)  # type: ignore[arg-type]

    def particulars(self) -> dict[str, str]:
        """Return what is sealed of the person: kind of identity -> text."""
        full = self.completed()
        said = {
            "name": full.name.strip(),
            "national_id": full.national_id.strip(),
            "passport": full.passport.strip(),
            "phone": full.phone.strip(),
            "address": full.address.strip(),
            "birth_date": full.birth_date.isoformat() if full.birth_date else "",
            "email": full.email.strip(),
            "guardian": full.guardian.strip(),
        }
        return {kind: text for kind, text in said.items() if text}

    def profile(self) -> "Profile":
        """Return the candidate as it is compared."""
        return self._profile

    @cached_property
    def _profile(self) -> "Profile":
        full = self.completed()
        return Profile(
            particulars={kind: (text,) for kind, text in self.particulars().items()},
            birth_year=full.birth_year,
            year_is_estimated=full.birth_year_is_estimated,
            sex=full.sex,
            path=full.path,
        )


@dataclass(kw_only=True, eq=False)
class Profile:
    """Everything by which one person is compared with another.

    `particulars` are texts by kind of identity: a person may have several names, telephones, addresses. Each is brought
    into its forms when a comparison first asks for it.
    """

    particulars: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    birth_year: int | None = None
    year_is_estimated: bool = False
    sex: str = "unknown"
    path: str = ""
    # what it is compared in, as `comparisons` works out once
    spoken_of: tuple[tuple[str, Any], ...] | None = field(default=None, init=False, repr=False)

    def texts(self, kind: str) -> Sequence[str]:
        """Return what is known of one kind."""
        return self.particulars.get(kind, ())

    @cached_property
    def read_names(self) -> tuple[Name, ...]:
        """The names in their forms."""
        return tuple(name for name in map(read_name, self.texts("name")) if name is not None)

    @cached_property
    def births(self) -> tuple[date, ...]:
        """The dates of birth."""
        return tuple(map(date.fromisoformat, self.texts("birth_date")))

    @cached_property
    def numbers(self) -> tuple[Form, ...]:
        """The numbers in normal form, with their kind."""
        return tuple(
            (kind, normal)
            for kind, form in NUMBERS.items()
            for text in self.texts(kind)
            if (normal := form(text))
        )

    @cached_property
    def kept_forms(self) -> list[Form]:
        """The forms under which the person is kept."""
        return kept_forms(self.read_names, self.births, self.birth_year, self.numbers)

    def looked_up_forms(self) -> list[Form]:
        """Return the forms under which the person may already be on file."""
        return looked_up_forms(
            self.read_names,
            self.births,
            self.birth_year,
            self.numbers,
            year_is_estimated=self.year_is_estimated,
        )

    @cached_property
    def phone(self) -> frozenset[str]:
        """The telephone numbers in normal form."""
        return self._normal("phone", normal_phone)

    @cached_property
    def national_id(self) -> frozenset[str]:
        """The national identity numbers in normal form."""
        return self._normal("national_id", normal_national_id)

    @cached_property
    def passport(self) -> frozenset[str]:
        """The passport numbers in normal form."""
        return self._normal("passport", normal_number)

    @cached_property
    def email(self) -> frozenset[str]:
        """The e-mail addresses in normal form."""
        return self._normal("email", normal_email)

    @cached_property
    def address(self) -> frozenset[str]:
        """The addresses in normal form."""
        return self._normal("address", normal_address)

    def _normal(self, kind: str, form: Callable[[str], str]) -> frozenset[str]:
        texts = self.texts(kind)
        return frozenset(normal for text in texts if (normal := form(text))) if texts else _NONE
