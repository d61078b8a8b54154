"""From readings at gates to stays: an entry and the next exit of the same person at the same place are one stay."""

from dataclasses import dataclass
from typing import Any

import polars as pl


@dataclass(frozen=True)
class Paired:
    """Stays (key, person, place, kind, arrive, leave; leave null where nobody came out), and exits without an entry."""

    stays: pl.DataFrame
    lone_exits: pl.DataFrame


def pair_readings(readings: pl.DataFrame) -> Paired:
    """Pair readings (key, person, place, kind, at, way) into stays; `way` is "in" or "out".

    A second entry without an exit between ends nothing: each entry is a stay of its own, and only the latest before
    an exit is closed by it. The stay has the key of its entry, so that an entry sent first and its exit sent later are
    one visit. Of readings with one key the first counts.
    """
    wrong = readings.filter(~pl.col("way").is_in(["in", "out"]))
    if len(wrong):
        raise ValueError(f"way must be 'in' or 'out'. Got {wrong['way'][0]!r}.")
    once = readings.unique("key", keep="first", maintain_order=True)
    of = ["person", "place"]
    # At one second the exit comes first: somebody who leaves and comes back at once was out.
    ordered = once.sort([*of, "at", pl.col("way") == "in", "key"], maintain_order=True)
    following: Any = {name: pl.col(name).shift(-1).over(of) for name in ("way", "at")}
    marked = ordered.with_columns(
        next_way=following["way"],
        next_at=following["at"],
        before=pl.col("way").shift(1).over(of),
    )
    stays = marked.filter(pl.col("way") == "in").select(
        "key",
        "person",
        "place",
        "kind",
        arrive="at",
        leave=pl.when(pl.col("next_way") == "out").then("next_at"),
    )
    lone = marked.filter((pl.col("way") == "out") & (pl.col("before").fill_null("out") == "out"))
    return Paired(stays, lone.select(readings.columns))
