"""The rules in force, their editions, sources and how sure they are."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render

from lianfang.common.clock import local_day
from lianfang.common.naming import listed
from lianfang.core.access.permissions import Permission
from lianfang.core.rules import site_rules
from lianfang.rulebook.edition import RuleEdition
from lianfang.rulebook.terms import CONFIDENCE_MEANING
from lianfang.web.door import page
from lianfang.web.language import in_language


@page("rules", name="rulebook", permission=Permission.RULEBOOK_VIEW)
def rulebook(request: Any) -> HttpResponse:
    """List all rules with the edition in force today, by disease and in general; unsure ones are marked."""
    book = site_rules()
    today = local_day(request.at)
    groups: dict[str, list[dict[str, Any]]] = {}
    for rule_id in book.rule_ids():
        disease, _slash, _name = rule_id.rpartition("/")
        editions = book.editions(rule_id)
        standing = [edition for edition in editions if edition.in_force(today)]
        shown = (standing or list(editions))[-1]
        title = in_language(book.pack(disease).name) if disease in book.diseases() else ""
        groups.setdefault(title, []).append(
            {
                "id": rule_id,
                "title": in_language(shown.title),
                "edition": shown,
                "n": len(editions),
                "in_force": bool(standing),
            }
        )
    context = {
        "groups": sorted(groups.items()),
        "n_unsure": len(book.unsure()),
        "meaning": [(letter, in_language(text)) for letter, text in CONFIDENCE_MEANING.items()],
    }
    return render(request, "rulebook/list.html", context)


@page("rules/<path:rule_id>", name="rule", permission=Permission.RULEBOOK_VIEW)
def rule(request: Any, rule_id: str) -> HttpResponse:
    """Show all editions of one rule side by side, with every parameter."""
    book = site_rules()
    if rule_id not in book.rule_ids():
        raise Http404
    today = local_day(request.at)
    editions = [
        {
            "edition": edition,
            "title": in_language(edition.title),
            "note": in_language(edition.note) if edition.note else "",
            "meaning": in_language(CONFIDENCE_MEANING[edition.confidence]),
            "in_force": edition.in_force(today),
            "parameters": list(_parameters(edition)),
            "doubts": [
                (name, doubt.confidence, in_language(doubt.note)) for name, doubt in edition.doubts.items()
            ],
        }
        for edition in reversed(book.editions(rule_id))
    ]
    return render(request, "rulebook/rule.html", {"rule_id": rule_id, "editions": editions})


def _parameters(edition: RuleEdition) -> Iterator[tuple[str, str]]:
    """Yield (name, value) of each parameter, nested ones with a dotted name, bilingual texts in the reader's language."""
    yield from _flat("", edition.parameters.model_dump(exclude_none=True))


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        if set(value) == {"en", "zh"}:
            yield name, in_language(value)
            return
        for key, inner in value.items():
            yield from _flat(f"{name}.{key}" if name else str(key), inner)
    elif isinstance(value, list | tuple) and any(isinstance(inner, Mapping) for inner in value):
        for n, inner in enumerate(value, 1):
            yield from _flat(f"{name} {n}", inner)
    elif isinstance(value, list | tuple):
        yield name, listed(value)
    else:
        yield name, str(value)
