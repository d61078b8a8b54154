"""The sentences of the report in Chinese and English, kept in `words.toml`."""

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

LANGUAGES = ("zh", "en")


@lru_cache(maxsize=1)
def sentences() -> dict[str, dict[str, str]]:
    """Return key -> language -> sentence; keys of a table are joined by a dot."""
    text = files("lianfang.report").joinpath("words.toml").read_text(encoding="utf-8")
    found: dict[str, dict[str, str]] = {}
    for group, entries in tomllib.loads(text).items():
        for key, languages in entries.items():
            found[f"{group}.{key}"] = languages
    return found


@dataclass(frozen=True)
class Words:
    """The sentences of one language.

    >>> Words("en")("title.plain")
    'Situation report'
    """

    language: str

    def __post_init__(self) -> None:
        """Refuse a language that the report is not written in."""
        if self.language not in LANGUAGES:
            raise ValueError(f"language must be one of {', '.join(LANGUAGES)}. Got {self.language!r}.")

    def __call__(self, key: str, /, **values: object) -> str:
        """Return the sentence of `key` with `values` in its places; an unknown key is an error of the programmer."""
        return sentences()[key][self.language].format(**values)

    def source(self, text: str) -> str:
        """Return the source of a method in this language; one that is papers only stays as it is."""
        for key, languages in sentences().items():
            if key.startswith("source.") and languages["en"] == text:
                return languages[self.language]
        return text

    def has(self, key: str) -> bool:
        """Return whether there is a sentence for `key`."""
        return key in sentences()

    def either(self, *, en: str, zh: str) -> str:
        """Return the text of this language."""
        return zh if self.language == "zh" else en

    def join(self, parts: list[str]) -> str:
        """Return parts as an enumeration."""
        return ("、" if self.language == "zh" else ", ").join(parts)

    def percent(self, share: float, digits: int = 1) -> str:
        """Return a share as a percentage."""
        return f"{100 * share:.{digits}f}%"

    def chance(self, probability: float) -> str:
        """Return a probability in whole percent; what is nearly certain is not called certain.

        >>> Words("en").chance(0.997), Words("en").chance(0.84)
        ('>99%', '84%')
        """
        if probability > 0.99:
            return ">99%"
        return "<1%" if probability < 0.01 else self.percent(probability, 0)

    def span(self, low: str, high: str) -> str:
        """Return a range of two numbers."""
        return f"{low}–{high}"
