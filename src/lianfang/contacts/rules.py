"""What the rulebook says about contacts: the window of a case, and how long and how somebody is observed.

Editions are remembered by (disease, day, place): a hundred thousand contacts need some hundred of them.
"""

from dataclasses import dataclass
from datetime import date

from lianfang.core.rules import site_rules
from lianfang.rulebook.book import NoEditionError, Pack
from lianfang.rulebook.edition import RuleEdition
from lianfang.rulebook.kinds.care import (
    ConfinementParameters,
    ContactDefinitionParameters,
    ObservationParameters,
)

# Contacts of contacts are observed only where a pack has a rule for them.
_OF_CONTACT = "observation.contact_of_contact"


@dataclass(frozen=True, slots=True)
class Observing:
    """The rule of observation in force and its edition; `rule` None: nobody is observed."""

    rule: ObservationParameters | None
    edition: str

    @property
    def days(self) -> int:
        """Days from the last contact to the last day of observation."""
        return self.rule.days - self.rule.first_day_number if self.rule else 0


@dataclass(frozen=True, slots=True)
class Defining:
    """The contact definition in force and its edition; `rule` None: every exposure counts."""

    rule: ContactDefinitionParameters | None
    edition: str


class Rules:
    """The editions that one derivation needs."""

    def __init__(self) -> None:
        self._packs: dict[str, Pack | None] = {}
        self._found: dict[tuple[str, str, date, str], RuleEdition | None] = {}

    def observing(self, disease: str, on: date, place: str, *, is_of_contact: bool = False) -> Observing:
        """Return the rule of observation of a contact, or of a contact of a contact."""
        edition = self._edition(disease, _OF_CONTACT if is_of_contact else "observation", on, place)
        if edition is None:
            return Observing(None, "")
        return Observing(edition.of(ObservationParameters), edition.edition_id)

    def defining(self, disease: str, on: date, place: str) -> Defining:
        """Return the contact definition."""
        edition = self._edition(disease, "contact_definition", on, place)
        if edition is None:
            return Defining(None, "")
        return Defining(edition.of(ContactDefinitionParameters), edition.edition_id)

    def _edition(self, disease: str, name: str, on: date, place: str) -> RuleEdition | None:
        key = (disease, name, on, place)
        if key not in self._found:
            self._found[key] = self._look(*key)
        return self._found[key]

    def _look(self, disease: str, name: str, on: date, place: str) -> RuleEdition | None:
        if disease not in self._packs:
            book = site_rules()
            self._packs[disease] = book.pack(disease) if disease in book.diseases() else None
        pack = self._packs[disease]
        if pack is None or not pack.has(name):
            return None
        try:
            return pack.rule(name, at=on, place=place)
        except NoEditionError:
            # Before the first edition the first one counts, so that an old outbreak entered today is observed by it.
            return site_rules().editions(f"{disease}/{name}")[0]


def settings_in_force(disease: str, on: date, place: str = "") -> dict[str, dict[str, str]]:
    """Return the settings of the definition in force, code to words in both languages."""
    rule = Rules().defining(disease, on, place).rule
    return {} if rule is None else {code: {"en": t.en, "zh": t.zh} for code, t in rule.settings.items()}


def definition_of(edition_id: str) -> ContactDefinitionParameters | None:
    """Return the definition of a stored edition; None where there is none."""
    return site_rules().edition(edition_id).of(ContactDefinitionParameters) if edition_id else None


def number_of_contact_day(edition_id: str) -> int:
    """Return which number the edition of observation gives to the day of the last contact: 0 by WHO usage."""
    return site_rules().edition(edition_id).of(ObservationParameters).first_day_number if edition_id else 0


def setting_words(disease: str) -> dict[str, dict[str, str]]:
    """Return the words for every setting that an edition of the disease's definition ever had, the newest last said."""
    book = site_rules()
    if disease not in book.diseases() or not book.pack(disease).has("contact_definition"):
        return {}
    words: dict[str, dict[str, str]] = {}
    for edition in book.editions(f"{disease}/contact_definition"):
        for code, said in edition.of(ContactDefinitionParameters).settings.items():
            words[code] = {"en": said.en, "zh": said.zh}
    return words


def confinement(on: date, place: str = "") -> tuple[str, ConfinementParameters]:
    """Return the edition in force and what it says people in isolation are owed."""
    try:
        edition = site_rules().rule("confinement", at=on, place=place)
    except NoEditionError:
        edition = site_rules().editions("confinement")[0]
    return edition.edition_id, edition.of(ConfinementParameters)
