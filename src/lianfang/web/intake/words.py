"""The codes of intake in the reader's language: states, what became of rows, why a column was proposed, rules."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from lianfang.intake.fields import Field
from lianfang.intake.target import targets
from lianfang.web.language import in_language

STATES: dict[str, Any] = {
    "unmapped": _("columns to confirm"),
    "waiting": _("ready to try out"),
    "halfway": _("being taken in"),
    "parked": _("taken in, some rows parked"),
    "done": _("taken in"),
    "undone": _("undone"),
}

REASONS: dict[str, Any] = {
    "remembered": _("confirmed before for a file with these columns"),
    "format": _("column of a known format"),
    "name": _("the name of the field"),
    "synonym": _("a known name of the field"),
    "part": _("the end of the name is a known name"),
    "similar": _("the name is similar"),
    "content": _("the cells look like it"),
    "not_taken": _("known in this format, not taken over"),
    "nothing": _("neither name nor cells say what it is"),
}

# Why a row or a cell is listed; the finer hint stands beside it.
RULES: dict[str, Any] = {
    "age.contradicts_birth": _("age and date of birth contradict each other"),
    "age.form": _("not an age"),
    "age.out_of_range": _("impossible age"),
    "case.not_yours": _("the case belongs to another area"),
    "case.unknown": _("the case is not on file"),
    "code.unknown": _("unknown word"),
    "contact.unknown": _("the contact is not on file"),
    "date.ambiguous": _("day and month cannot be told apart"),
    "date.form": _("not a date"),
    "date.future": _("date in the future"),
    "date.impossible": _("there is no such day"),
    "date.no_year": _("the year is missing"),
    "date.year_of_column": _("the year is that of the other days of the column"),
    "date.partial": _("incomplete date"),
    "date.too_early": _("date too long ago"),
    "dates.order": _("dates in the wrong order"),
    "disease.no_pack": _("no rules for this disease here"),
    "last_contact.assumed": _("day of last contact assumed"),
    "name.is_a_number": _("a number instead of a name"),
    "number.form": _("not a number"),
    "number.not_whole": _("not a whole number"),
    "number.other_case": _("the number is that of another case"),
    "number.out_of_range": _("number out of range"),
    "number.taken": _("the number is taken"),
    "number.used_twice": _("the same number twice in the file"),
    "person.undecided": _("may be a person on file"),
    "person.unknown": _("the person is not on file"),
    "phone.form": _("not a telephone number"),
    "place.unknown": _("the place is not known"),
    "required.missing": _("a needed value is missing"),
    "row.looks_like": _("looks like another row"),
    "row.too_many_cells": _("too many cells"),
    "sample.differs": _("the sample is on file with other values"),
    "sex.unknown_word": _("unknown word for the sex"),
    "source.unknown": _("the source case is not on file"),
    "visit.before_contact": _("visit before the contact"),
    "yes_no.unknown_word": _("neither yes nor no"),
}

# What cleaning changed or decided for a column.
CHANGES: dict[str, Any] = {
    "age.infant": _("age of an infant in years"),
    "age.is_a_year": _("year of birth instead of the age"),
    "age.range": _("middle of an age group"),
    "age.spelling": _("age without its unit"),
    "age.unit": _("age by its unit"),
    "age.words": _("age in words"),
    "code.spelling": _("spelling of a coded word"),
    "date.chinese": _("Chinese date"),
    "date.compact": _("date without separators"),
    "date.month_name": _("name of the month"),
    "date.month_only": _("month without day"),
    "date.number": _("date counted in days"),
    "date.numbers": _("what day numbers count from"),
    "date.other_order": _("day and month in the other order"),
    "date.year_only": _("year only"),
    "missing.word": _("word that means nothing is known"),
    "name.spaces": _("spaces in a name"),
    "number.bound": _("number with a sign of bound"),
    "number.spelling": _("spelling of a number"),
    "phone.spelling": _("spelling of a telephone number"),
    "sex.figures": _("figures for the sex"),
    "sex.spelling": _("spelling of the sex"),
    "text.spaces": _("outer spaces"),
    "yes_no.figures": _("figures for yes and no"),
}


def rule_words(rule: str) -> str:
    """Return what a rule says in the reader's language; a rule without words of its own is its code."""
    found = RULES.get(rule) or CHANGES.get(rule) or CHANGES.get(rule.partition(":")[0])
    if found is None and rule.startswith("date.order"):
        found = _("order of day and month")
    return str(found or rule)


def hint_words(problem: Mapping[str, Any]) -> str:
    """Return what to do about a problem in the reader's language."""
    kept = problem.get("hint_of") or {"sentence": problem["hint"], "values": {}}
    return gettext(kept["sentence"]).format(**kept["values"]) if kept["sentence"] else ""


def target_words(code: str) -> str:
    """Return the title of a target."""
    return str(targets.get(code).title) if code in targets else code


def field_words(target: str, code: str) -> str:
    """Return the name of a field with its repetition; a code that is no field is returned as it is."""
    record = targets.get(target).record
    if not code or not record.knows(code):
        return code
    base, _hash, turn = code.partition("#")
    name = in_language(record.field_of(base))
    return f"{name} {turn}" if turn else name


def field_choices(target: str, besides: set[str]) -> list[tuple[str, str]]:
    """Return the fields that a column can be, by name; repeated ones three times, and those in `besides`."""
    record = targets.get(target).record
    codes: list[str] = []
    for each in record.fields:
        codes += [f"{each.code}#{n}" for n in (1, 2, 3)] if each.repeats else [each.code]
    codes += sorted(code for code in besides if code not in codes and record.knows(code))
    return [(code, field_words(target, code)) for code in codes]


def value_choices(field: Field) -> list[tuple[str, str]]:
    """Return the codes that may stand for every row of a file, by name where the site has one."""
    return [
        (choice.code, choice.spellings[-1] if choice.spellings else choice.code) for choice in field.choices
    ]
