"""The Chinese counts of 2020 as areas that publish figures: places, rows by day."""

import csv
from collections import defaultdict
from datetime import date
from pathlib import Path

from lianfang.core.registry.models import Level, Place

NOT_PLACES = ("境外输入", "外地来", "待确认", "未明确", "监狱")


def rows_by_day(folder: Path, provinces: tuple[str, ...] = ()) -> dict[date, list[dict]]:
    """Published rows of places by day; those names that are no places are left out."""
    found: dict[date, list[dict]] = defaultdict(list)
    with (folder / "city_daily_to_2020-04-30.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if provinces and row["provinceCode"][:2] not in provinces:
                continue
            if is_place(row["cityCode"], row["city"]):
                counts = {name: _whole(row[column]) for name, column in COLUMNS.items()}
                on = date.fromisoformat(row["date"])
                found[on].append({"place": code_of(row["cityCode"]), "on": on, **counts})
    return found


COLUMNS = {"confirmed": "confirmed", "suspected": "suspected", "cured": "cured", "died": "dead"}


def _whole(text: str) -> int | None:
    return int(float(text)) if text else None


def is_place(code: str, name: str) -> bool:
    return code.isdigit() and not any(word in name for word in NOT_PLACES)


def code_of(code: str) -> str:
    """420100 -> 4201; a district of a municipality keeps its six digits."""
    return code[:4] if code.endswith("00") else code


def build_places(folder: Path, provinces: tuple[str, ...] = ()) -> None:
    """Nation, provinces, cities; districts of municipalities stand as counties below their city."""
    nation = Place.objects.create(code="CN", name="中国", level=Level.NATION, path="CN.")
    names: dict[str, tuple[str, str]] = {}
    with (folder / "city_daily_to_2020-04-30.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if is_place(row["cityCode"], row["city"]) and (
                not provinces or row["provinceCode"][:2] in provinces
            ):
                names[code_of(row["cityCode"])] = (row["city"], row["provinceCode"][:2])
    above = {}
    for code in sorted({province for _, province in names.values()}):
        above[code] = Place.objects.create(
            code=code, name=code, level=Level.PROVINCE, parent=nation, path=f"CN.{code}."
        )
    for code, (name, province) in sorted(names.items()):
        parent = above[province]
        is_district = len(code) == 6 and code[:4] not in names  # else it is counted apart from its city
        if is_district:
            if code[:4] not in above:
                above[code[:4]] = Place.objects.create(
                    code=code[:4],
                    name=code[:4],
                    level=Level.PREFECTURE,
                    parent=parent,
                    path=f"{parent.path}{code[:4]}.",
                )
            parent = above[code[:4]]
        level = Level.COUNTY if is_district else Level.PREFECTURE
        Place.objects.create(code=code, name=name, level=level, parent=parent, path=f"{parent.path}{code}.")
