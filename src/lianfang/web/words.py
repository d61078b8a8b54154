"""Stored codes in the reader's words: vocabularies of the rulebook first, then the words of our own engines."""

from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from lianfang.care.models import Respiratory
from lianfang.cases.models import Classification, Finding, Outcome
from lianfang.common.naming import listed
from lianfang.contacts.models import Need
from lianfang.core.rules import site_rules
from lianfang.regions.models import RiskLevel
from lianfang.rulebook.kinds.measures import MeasureCatalogueParameters
from lianfang.web.language import in_language

_OWN: dict[str, Any] = {
    "onset": _("onset"),
    "temperature": _("temperature"),
    "white_cells": _("white blood cells, 10⁹/L"),
    "lymphocytes": _("lymphocytes, 10⁹/L"),
    # why a status changed
    "new_facts": _("new facts"),
    "new_edition": _("a new edition of the rule"),
    "judgement": _("a judgement"),
    "withdrawal": _("a withdrawal"),
    "as_reported": _("as reported"),
    "reported_and_proved": _("reported, and proved by a positive result"),
    "positive_only": _("a positive result alone"),
    "dismissed": _("dismissed"),
    "ruled": _("decided by a person"),
    # where a contact took place
    "household": _("household"),
    "class": _("school class"),
    "office": _("workplace"),
    "public_place": _("public place"),
    "hospital": _("hospital"),
    "transport": _("transport"),
    "other": _("other"),
    # findings
    "cases.classification": _("The criteria say that this is a case"),
    "classification": _("class"),
    "criterion": _("criterion"),
    "before": _("class before"),
    "met": _("criteria met"),
    "missing": _("criteria missing"),
    "yes": _("yes"),
    "no": _("no"),
    "outlook.cluster": _("Cases that make a cluster"),
    "outlook.impossible_link": _("A recorded link that cannot be"),
    "kind": _("what they share"),
    "neighbourhood": _("one village, community or grid cell"),
    "venue": _("one unit or place"),
    "event": _("one event"),
    "label": _("name of the place"),
    "special": _("special place"),
    "n_cases": _("cases"),
    "first_on": _("first day"),
    "last_on": _("last day"),
    "care_home": _("care home"),
    "prison": _("prison"),
    "workshop": _("workshop or building site"),
    "problem": _("what is wrong"),
    "onset_order": _("the source fell ill too long after the case"),
    "too_long": _("too many days between the two onsets"),
    "circle": _("the case would be its own source"),
    "two_sources": _("more than one source is named for the case"),
    "source": _("named source"),
    "lag_days": _("days from onset to onset"),
    "limits": _("usual days"),
    # areas
    "regions.grade": _("Proposed risk grade"),
    "regions.warning": _("Early warning"),
    "regions.data": _("Figures that cannot be right"),
    "disease": _("disease"),
    "level": _("proposed grade"),
    "in_force": _("grade in force"),
    "data_to": _("figures to the end of"),
    "cumulative": _("confirmed cases so far"),
    "new_in_window": _("new cases in the window"),
    "cluster_in_window": _("cluster in the window"),
    "sentence": _("because"),
    "since": _("since"),
    "methods": _("methods"),
    "seen": _("how unusual"),
    "re_emergence": _("a case after a quiet time"),
    "ears": _("more in a day than the days before lead to expect"),
    "rising": _("each case infects more than one other"),
    "what": _("what is wrong"),
    "column": _("figure"),
    "steps": _("days"),
    "total": _("confirmed, cumulative"),
    "total_died": _("died, cumulative"),
    "jump": _("a jump that does not go on"),
    "fall": _("a cumulative count that falls"),
    "repeated": _("the same count again where many cases were usual"),
    "catch-up": _("a count that catches up"),
    "contradiction": _("a cluster without a new case"),
    # measures
    "measures.switch": _("Measures that a confirmed grade asks for"),
    "on": _("to begin"),
    "off": _("to end"),
    "restricts": _("restricting people"),
    # conclusions of a look
    "well": _("well"),
    "other_illness": _("ill with something else"),
}
SEVERITIES: dict[str, Any] = {
    "mild": _("mild"),
    "ordinary": _("ordinary"),
    "severe": _("severe"),
    "critical": _("critical"),
}
_ENUMS: tuple[Any, ...] = (Classification, Outcome.Kind, RiskLevel, Need, Respiratory, Finding)


def severity_words(code: str) -> Any:
    """Return the words for a severity; empty where none was judged."""
    return SEVERITIES.get(code, "")


def words_of(code: Any) -> str:
    """Return the words for a code, or the code itself where nobody has words for it."""
    if isinstance(code, dict) and {"en", "zh"} <= set(code):
        return in_language(code)
    if isinstance(code, list | tuple):
        return listed(words_of(one) for one in code)
    if isinstance(code, bool):
        return _word("yes" if code else "no")
    text = str(code)
    disease, colon, rest = text.partition(":")
    if colon and disease in site_rules().diseases():  # the key of a finding about an area
        return " · ".join((disease_name(disease), _word(rest)))
    return _word(text)


def _word(text: str) -> str:
    if text in _OWN:
        return str(_OWN[text])
    for enum in _ENUMS:
        if text in enum.values:
            return str(enum(text).label)
    _group, _dot, name = text.rpartition(".")
    for vocabulary in site_rules().vocabulary.values():
        found = vocabulary.get(text) or vocabulary.get(name)
        if found is not None:
            return in_language(found)
    return measure_name(text)


def measure_name(kind: str) -> str:
    """Return the name of a measure by the newest edition that has it; the code where none does."""
    for edition in reversed(site_rules().editions("measure_catalogue")):
        found = edition.of(MeasureCatalogueParameters).measures.get(kind)
        if found is not None:
            return in_language(found.text)
    return kind


def criterion_words(code: str) -> str:
    """Return what decided a status: our own words, else that a criterion of the definition did."""
    if not code:
        return ""
    known = words_of(code)
    return known if known != code else gettext("criterion %s of the definition") % code


def disease_name(code: str) -> str:
    """Return the name of a disease in the reader's language; the code where no pack knows it."""
    name = site_rules().diseases().get(code)
    return in_language(name) if name is not None else code
