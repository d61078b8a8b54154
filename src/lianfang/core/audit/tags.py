"""The words of the record: each app lists the acts it records as a `Tag` with a sentence."""

from enum import StrEnum
from typing import Self

from django.utils.functional import Promise


class Tag(StrEnum):
    """An act that is recorded; members are `NAME = "app.past_tense", _("a sentence")`."""

    sentence: str | Promise

    def __new__(cls, value: str, sentence: str | Promise) -> Self:
        tag = str.__new__(cls, value)
        tag._value_ = value
        tag.sentence = sentence
        return tag


def sentence_of(tag: str) -> str:
    """Return the sentence of a recorded tag, or the tag itself where no app knows it any more."""
    for words in Tag.__subclasses__():
        if tag in words._value2member_map_:
            return str(words(tag).sentence)  # type: ignore[call-arg]
    return tag
