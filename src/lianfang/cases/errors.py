"""Errors of cases."""

from http import HTTPStatus

from lianfang.common.errors import LianfangError


class CaseClosed(LianfangError):  # noqa: N818
    """Case {number} has ended; its facts can be corrected but not added to."""

    code = "cases.closed"
    status = HTTPStatus.CONFLICT
    hint = "Correct the outcome first, or open a new case for a new episode."


class FactGone(LianfangError):  # noqa: N818
    """The entry was already corrected or withdrawn."""

    code = "cases.fact_gone"
    status = HTTPStatus.CONFLICT
    hint = "Open the case again and correct the entry that holds now."


class UnknownDisease(LianfangError):  # noqa: N818
    """No disease pack is called {disease}."""

    code = "cases.unknown_disease"
    hint = "Use one of: {known}. A site adds its own packs without touching code."


class AlreadyOpen(LianfangError):  # noqa: N818
    """The person already has an open case of this disease: {number}."""

    code = "cases.already_open"
    status = HTTPStatus.CONFLICT
    hint = "Add to that case; a new one is for a new episode after the first has ended."


class UnknownWord(LianfangError):  # noqa: N818
    """The rulebook has no {group} called {word}."""

    code = "cases.unknown_word"
    hint = "Use one of: {known}. A site adds its own words in a rulebook folder."
