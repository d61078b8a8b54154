"""The words for what is known of a meeting: its setting by the definition of the disease, why it does not count, who met whom."""

from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy as _

from lianfang.contacts.rules import setting_words, settings_in_force
from lianfang.web.language import in_language
from lianfang.web.words import words_of

# Settings that files of other systems tell, where no definition has them.
_OF_FILES: dict[str, Any] = {
    "household": _("household"),
    "health_care": _("health care"),
    "workplace": _("workplace"),
    "school": _("school"),
    "transport": _("transport"),
    "social": _("social occasion"),
    "funeral": _("funeral"),
    "other": _("other"),
}
_RELATIONS: dict[str, Any] = {
    "spouse": _("spouse"),
    "parent": _("parent"),
    "child": _("child"),
    "sibling": _("brother or sister"),
    "colleague": _("colleague"),
    "classmate": _("classmate"),
    "neighbour": _("neighbour"),
    "friend": _("friend"),
    "relative": _("relative"),
    "driver": _("driver"),
    "carer": _("carer"),
    "health_worker": _("health worker"),
}
_WHY_NOT: dict[str, Any] = {
    "protected": _("does not count: fully protected"),
    "too_far": _("does not count: farther away than the edition says"),
    "too_early": _("does not count: before the window opens"),
    "too_late": _("does not count: after the window closed"),
}


def setting_of(code: str, disease: str) -> str:
    """Return the words for a setting: those of the disease's definition, else of the files it came in."""
    if not code:
        return ""
    defined = setting_words(disease).get(code)
    if defined is not None:
        return in_language(defined)
    return str(_OF_FILES[code]) if code in _OF_FILES else words_of(code)


def setting_choices(disease: str, on: date, place: str) -> list[tuple[str, str]]:
    """Return the settings of the definition in force, as code and words in the reader's language."""
    return [(code, in_language(said)) for code, said in settings_in_force(disease, on, place).items()]


def relation_of(code: str) -> str:
    """Return the words for how somebody belongs to the case; what was typed stays as it is."""
    return str(_RELATIONS.get(code, code))


def counts_words(reason: str) -> str:
    """Return why a meeting does not count, or that it does."""
    return str(_WHY_NOT.get(reason, _("counts")))
