"""Names as they are compared: normal spelling, sound, tokens; Chinese characters, pinyin and other Latin spellings.

The readings of characters come from pypinyin. Romanisations other than pinyin (Wade-Giles, Cantonese) are not folded
into it; they are found by the other particulars.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from django.utils.functional import cached_property
from pypinyin import Style, pinyin

# Family names of two characters that are common enough to matter for telling family from given name.
_COMPOUND = """
欧阳 司马 上官 诸葛 东方 皇甫 尉迟 公孙 慕容 令狐 宇文 长孙 司徒 司空 夏侯 端木 百里 南宫 呼延 轩辕 独孤 申屠 钟离 闻人 濮阳 淳于 单于 太史 公冶 赫连
澹台 公羊 宗政 万俟 第五 拓跋 鲜于 闾丘 亓官 乐正 漆雕 欧陽 司馬 諸葛 東方
"""
COMPOUND = frozenset(_COMPOUND.split())
# Readings that characters have as family names, where that is not their usual one.
FAMILY_READING = {
    "曾": "zeng",
    "单": "shan",
    "解": "xie",
    "仇": "qiu",
    "查": "zha",
    "区": "ou",
    "任": "ren",
    "朴": "piao",
    "翟": "zhai",
    "盖": "ge",
    "缪": "miao",
    "乐": "yue",
    "洗": "xian",
    "冼": "xian",
    "折": "she",
    "黑": "he",
    "重": "chong",
    "覃": "qin",
    "召": "shao",
    "长": "zhang",
    "万": "wan",
    "尉": "yu",
    "种": "chong",
    "繁": "po",
    "员": "yun",
    "逄": "pang",
    "曲": "qu",
    "沈": "shen",
    "葛": "ge",
    "石": "shi",
}
MAX_READINGS = 3

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f]")
_NOT_LETTER = re.compile(r"[^\w\s]|_|\d")
_JOINERS = re.compile(r"['’`´\-‐‑–·•・‧]")
_VOWELS = re.compile(r"[aeiouy]+")
_DOUBLE = re.compile(r"(.)\1+")
_FOLDS = (("ph", "f"), ("sch", "s"), ("zh", "z"), ("ch", "c"), ("sh", "s"), ("ck", "k"), ("ng", "n"))
_SINGLES = str.maketrans({"q": "k", "c": "k", "x": "s", "z": "s", "w": "v", "j": "y"})


@dataclass(frozen=True)
class Name:
    """One name in the forms that comparison needs, each worked out when it is first asked for.

    `normal` is the spelling without case, space and punctuation; `tokens` are family and given name in Latin letters
    (for Chinese: pinyin without tones, family first).
    """

    normal: str
    is_han: bool

    @cached_property
    def tokens(self) -> tuple[str, ...]:
        """Family and given name, or the words of the name."""
        if not self.is_han:
            return tuple(self.normal.split())
        size = self._family_size
        family, given = "".join(self._main[:size]), "".join(self._main[size:])
        return (family, given) if given else (family,)

    @cached_property
    def readings(self) -> tuple[str, ...]:
        """The letters of every likely reading, sorted, so that order and spacing do not matter."""
        if self.is_han:
            return tuple(_readings(self.normal, self._main))
        return (_sorted_letters(self.tokens),)

    @cached_property
    def skeletons(self) -> tuple[str, ...]:
        """The consonants of each word with look-alike sounds folded, sorted."""
        return tuple(sorted(skeleton(token) for token in self.tokens))

    @cached_property
    def sound(self) -> str:
        """The letters of the skeletons, sorted."""
        return _sorted_letters(self.skeletons)

    @cached_property
    def _main(self) -> list[str]:
        alone = self._family_size == 1
        return [_usual(ch, first=n == 0 and alone) for n, ch in enumerate(self.normal)]

    @cached_property
    def _family_size(self) -> int:
        return 2 if len(self.normal) > 2 and self.normal[:2] in COMPOUND else 1


@lru_cache(maxsize=200_000)
def read_name(text: str) -> Name | None:
    """Return the name in its forms, or None where nothing that could be a name is left of `text`."""
    plain = unicodedata.normalize("NFKC", text).casefold().strip()
    if _HAN.search(plain):
        normal = "".join(ch for ch in plain if ch.isalpha())
        return Name(normal, is_han=True) if normal else None
    tokens = latin_tokens(plain)
    return Name(" ".join(tokens), is_han=False) if tokens else None


def _readings(normal: str, main: list[str]) -> Iterable[str]:
    """Return the sorted letters of the usual reading, then of those with one character read in its second way."""
    found = {_sorted_letters(main): None}
    for place, ch in enumerate(normal):
        for other in character_readings(ch)[:2]:
            found[_sorted_letters([*main[:place], other, *main[place + 1 :]])] = None
    return list(found)[:MAX_READINGS]


def _usual(ch: str, *, first: bool) -> str:
    if first and ch in FAMILY_READING:
        return FAMILY_READING[ch]
    return character_readings(ch)[0]


@lru_cache(maxsize=50_000)
def character_readings(ch: str) -> tuple[str, ...]:
    """Return the readings of one character without tones, the usual one first; `ü` is written `u`."""
    found = pinyin(ch, style=Style.NORMAL, heteronym=True, errors="default")[0]
    return tuple(dict.fromkeys(reading.replace("ü", "u").replace("v", "u") for reading in found))


def latin_tokens(plain: str) -> tuple[str, ...]:
    """Return the words of a name in Latin (or any other alphabetic) script, without accents."""
    bare = "".join(ch for ch in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(ch))
    words = _NOT_LETTER.sub(" ", _JOINERS.sub("", bare)).split()
    return tuple(_plain_pinyin(word) for word in words)


def _plain_pinyin(word: str) -> str:
    """Return `lyu`, `lv` and their like as `lu`: three ways in which passports write `lü`."""
    for start in ("lyu", "nyu"):
        if word.startswith(start):
            return word[0] + word[2:]
    return f"{word[0]}u{word[2:]}" if word[:2] in {"lv", "nv"} else word


@lru_cache(maxsize=100_000)
def skeleton(token: str) -> str:
    """Return the consonants of a word with look-alike sounds folded: Mohammed, Muhamad and Mohamed are all `mmd`.

    The folds cover what clerks confuse: zh/z, ch/c, sh/s, ng/n (southern Mandarin), ph/f, q/k, z/s, w/v, j/y, silent h.
    """
    text = token
    for old, new in _FOLDS:
        text = text.replace(old, new)
    text = _DOUBLE.sub(r"\1", text.translate(_SINGLES))
    if not text:
        return ""
    start = "a" if text[0] in "aeiou" else text[0]
    return start + _VOWELS.sub("", text[1:]).replace("h", "")


def _sorted_letters(parts: Iterable[str]) -> str:
    return "".join(sorted("".join(parts)))
