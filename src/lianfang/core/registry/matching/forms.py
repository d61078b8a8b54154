"""The forms of a particular under which its keyed hash is stored and looked up: the blocking keys of matching.

A pair is compared only if it shares one of these. Forms that join the year of birth keep blocks small where a name is
common; the year before and after is looked up as well, since years worked out from an age may be one off (for the
folded sound only where the arriving year is such a one: that key is the widest).
"""

from lianfang.core.registry.matching.candidate import PersonCandidate, Profile
from lianfang.core.registry.matching.names import Name, read_name
from lianfang.core.registry.matching.particulars import (
    normal_email,
    normal_national_id,
    normal_number,
    normal_phone,
)
from lianfang.core.registry.models import IdentityKind

Form = tuple[str, str]

_SIMPLE = {
    IdentityKind.NATIONAL_ID: normal_national_id,
    IdentityKind.PASSPORT: normal_number,
    IdentityKind.PHONE: normal_phone,
    IdentityKind.EMAIL: normal_email,
    IdentityKind.EXTERNAL: normal_number,
}


def stored_forms(kind: str, text: str, *, birth_year: int | None) -> list[Form]:
    """Return the forms under which a particular of this kind is found; none for addresses and guardians."""
    if kind == IdentityKind.NAME:
        name = read_name(text)
        return [] if name is None else _of_name(name, birth_year)
    if kind == IdentityKind.BIRTH_DATE:
        return [("birth", text)]
    normal = _SIMPLE.get(IdentityKind(kind), lambda _text: "")(text)
    return [(str(kind), normal)] if normal else []


def _of_name(name: Name, birth_year: int | None) -> list[Form]:
    forms = [("name", name.normal), *(("pinyin", reading) for reading in name.readings)]
    if birth_year is not None:
        forms += [
            ("pinyin_year", f"{name.readings[0]}|{birth_year}"),
            ("sound_year", f"{name.sound}|{birth_year}"),
        ]
    return forms


def looked_up_forms(profile: Profile) -> list[Form]:
    """Return the forms under which the person of `profile` may already be found."""
    year = profile.birth_year
    is_sure = bool(profile.births) or not profile.year_is_estimated
    forms: dict[Form, None] = {}
    for name in profile.read_names:
        forms.update(dict.fromkeys(_of_name(name, year)))
        for near in () if year is None else (year - 1, year + 1):
            of_year = _of_name(name, near)[-2:]
            forms.update(dict.fromkeys(of_year[:1] if is_sure else of_year))
    forms.update(dict.fromkeys(("birth", born.isoformat()) for born in profile.births))
    for form, texts in (
        ("phone", profile.phone),
        ("national_id", profile.national_id),
        ("passport", profile.passport),
        ("email", profile.email),
    ):
        forms.update(dict.fromkeys((form, text) for text in texts))
    return list(forms)


def forms_of_candidate(candidate: PersonCandidate) -> list[tuple[IdentityKind, str, list[Form]]]:
    """Return the particulars of an arriving person as (kind, text, forms), ready to be sealed and hashed."""
    full = candidate.completed()
    particulars = [
        (IdentityKind.NAME, full.name.strip()),
        (IdentityKind.NATIONAL_ID, full.national_id.strip()),
        (IdentityKind.PASSPORT, full.passport.strip()),
        (IdentityKind.PHONE, full.phone.strip()),
        (IdentityKind.ADDRESS, full.address.strip()),
        (IdentityKind.BIRTH_DATE, full.birth_date.isoformat() if full.birth_date else ""),
        (IdentityKind.EMAIL, full.email.strip()),
        (IdentityKind.GUARDIAN, full.guardian.strip()),
    ]
    return [
        (kind, text, stored_forms(kind, text, birth_year=full.birth_year))
        for kind, text in particulars
        if text
    ]
