"""The site's own code of a disease: its pack. Files say `CORONAVIRUS` or 新冠肺炎; the pack says which rules are meant."""

from collections.abc import Mapping
from typing import Any

from lianfang.core.rules import site_rules
from lianfang.intake.fields import plain
from lianfang.intake.table import Hint
from lianfang.intake.target import Outcome, Row

NO_PACK = "disease.no_pack"


def disease_codes() -> Mapping[str, str]:
    """Return word -> pack for every id and name of the site's packs, and for an id without the edition it ends in.

    `covid_19` means `covid_19_cn_2020` while that is the only pack that begins so.
    """
    packs = site_rules().diseases()
    words: dict[str, str] = {}
    for pack, name in packs.items():
        for word in (pack, name.en, name.zh):
            words[plain(word)] = pack
    for pack in packs:
        parts = pack.split("_")
        for end in range(len(parts) - 1, 0, -1):
            stem = "_".join(parts[:end])
            if sum(other == stem or other.startswith(f"{stem}_") for other in packs) == 1:
                words.setdefault(stem, pack)
    return words


def disease_of(row: Row, outcome: Outcome, words: Mapping[str, str]) -> str:
    """Return the pack of the row's disease; park the row where the site has none, and return ""."""
    said: Any = row.values.get("disease", "")
    pack = words.get(plain(str(said)), "")
    if not pack:
        known = ", ".join(sorted(set(words.values())))
        outcome.park(
            row,
            column="disease",
            value=said,
            rule=NO_PACK,
            hint=Hint(
                "The site has rules for {known}. Add a pack for this disease, or correct the word.",
                known=known,
            ),
        )
    return pack
