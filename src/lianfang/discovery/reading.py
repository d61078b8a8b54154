"""Reading what gates and venues send: CSV or Parquet, stays or readings at a gate, into the records of the store."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from lianfang.common.clock import site_zone
from lianfang.core.registry.models import Place
from lianfang.discovery.errors import UnreadableVisits
from lianfang.discovery.lake import digest_of, number_of_digest
from lianfang.discovery.models import PlaceWord, Venue
from lianfang.visits.gates import pair_readings
from lianfang.visits.record import PlaceKind

_WHO = ("person", "national_id", "phone")


@dataclass(frozen=True)
class Records:
    """Records for the store, and number -> (hash, register id) of the people in them."""

    frame: pl.DataFrame
    people: Mapping[int, tuple[bytes, str]]


def read_file(path: Path) -> pl.DataFrame:
    """Return the rows of a file as text columns."""
    try:
        if path.suffix == ".parquet":
            return pl.read_parquet(path).cast(pl.String)
        return pl.read_csv(path, infer_schema=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise UnreadableVisits(reason=str(error).splitlines()[0]) from error


def as_records(rows: pl.DataFrame) -> Records:
    """Return the rows as records: people as numbers, venues by their code, moments as epoch seconds.

    Columns: key; one of person (the register's id), national_id, phone; place (the venue's code), with kind, place_name
    and area (the code of its area) for a venue that is new; arrive and leave, or at and way ("in", "out") of a gate.
    Moments are ISO 8601, in the site's zone where they name none. What cannot be read is null and is parked later.
    """
    for name in ("key", "place"):
        if name not in rows.columns:
            raise UnreadableVisits(reason=f"there is no column {name}")
    is_gate = "way" in rows.columns
    people: dict[int, tuple[bytes, str]] = {}
    frame = pl.DataFrame(
        {
            "key": rows["key"].fill_null(""),
            "person": pl.Series(_people(rows, people), dtype=pl.Int64),
            "place": pl.Series(_venues(rows), dtype=pl.Int64),
        }
    )
    kinds = dict(
        Venue.objects.filter(pk__in=frame["place"].drop_nulls().unique().to_list()).values_list("pk", "kind")
    )
    numbers = [int(PlaceKind.from_word(kinds[n])) if n in kinds else 0 for n in frame["place"]]
    frame = frame.with_columns(kind=pl.Series(numbers, dtype=pl.Int8))
    if is_gate:
        frame = frame.with_columns(at=_moments(rows, "at"), way=rows["way"].fill_null("").str.to_lowercase())
        whole = frame.filter(
            pl.col("person").is_not_null() & pl.col("place").is_not_null() & pl.col("at").is_not_null()
        )
        paired = pair_readings(whole.filter(pl.col("way").is_in(["in", "out"])))
        lost = frame.filter(~pl.col("key").is_in(whole["key"].implode())).with_columns(arrive="at")
        alone = paired.lone_exits.with_columns(arrive=pl.lit(None, pl.Int64))
        parts = [
            part.with_columns(leave=pl.lit(None, pl.Int64)) if "leave" not in part.columns else part
            for part in (paired.stays, lost, alone)
        ]
        columns = ["key", "person", "place", "kind", "arrive", "leave"]
        return Records(pl.concat([part.select(columns) for part in parts]), people)
    return Records(frame.with_columns(arrive=_moments(rows, "arrive"), leave=_moments(rows, "leave")), people)


def _people(rows: pl.DataFrame, people: dict[int, tuple[bytes, str]]) -> list[int | None]:
    """Return the number of each row's person, and note its hash."""
    numbers: list[int | None] = [None] * len(rows)
    known: dict[tuple[str, str], int | None] = {}
    for form in (name for name in _WHO if name in rows.columns):
        for n, text in enumerate(rows[form]):
            if numbers[n] is None and text:
                if (form, text) not in known:
                    known[form, text] = _number(form, text, people)
                numbers[n] = known[form, text]
    return numbers


def _number(form: str, text: str, people: dict[int, tuple[bytes, str]]) -> int | None:
    digest = digest_of(form, text)
    if digest is None:
        return None
    number = number_of_digest(digest)
    people[number] = (digest, uuid.UUID(text).hex if form == "person" else "")
    return number


def _venues(rows: pl.DataFrame) -> list[int | None]:
    """Return the number of each row's venue; a new venue is made where the row names its area."""
    codes = rows["place"].fill_null("").to_list()
    known = dict(Venue.objects.filter(code__in=set(codes)).values_list("code", "pk"))
    new: dict[str, dict[str, Any]] = {}
    if "area" in rows.columns:
        for row in rows.iter_rows(named=True):
            if row["place"] and row["place"] not in known and row["area"]:
                new.setdefault(row["place"], row)
    areas = {
        place.code: place for place in Place.objects.filter(code__in={row["area"] for row in new.values()})
    }
    made = [
        Venue(
            code=code,
            name=row.get("place_name") or code,
            kind=row["kind"] if row.get("kind") in PlaceWord.values else PlaceWord.OTHER,
            area=areas[row["area"]],
            path=areas[row["area"]].path,
        )
        for code, row in new.items()
        if row["area"] in areas
    ]
    known |= {venue.code: venue.pk for venue in Venue.objects.bulk_create(made, batch_size=500)}
    return [known.get(code) for code in codes]


def _moments(rows: pl.DataFrame, name: str) -> pl.Series:
    """Return a column of moments as epoch seconds; null where it is empty or no moment."""
    if name not in rows.columns:
        return pl.Series(name, [None] * len(rows), dtype=pl.Int64)
    return pl.Series(name, [_moment(text) for text in rows[name]], dtype=pl.Int64)


def _moment(text: str | None) -> int | None:
    if not text:
        return None
    if text.isdigit():
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    from_zone = moment if moment.tzinfo else moment.replace(tzinfo=site_zone())
    return int(from_zone.timestamp())
