"""Which place a row means: by code, by a number of another system, or by names from the province down."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property

from lianfang.common.paths import lineage
from lianfang.core.registry.models import ExternalNumber, Level, Place
from lianfang.core.registry.place_names import short_name
from lianfang.intake.fields import plain

_NAMES = ("country", "province", "prefecture", "county", "township")
_LEVELS = {
    "country": (Level.NATION,),
    "province": (Level.PROVINCE,),
    # Tianmen or Wenchang are run by their province and stand in lists beside prefectures.
    "prefecture": (Level.PREFECTURE, Level.COUNTY),
    # Abroad the second level is often called a district and has no prefecture above it.
    "county": (Level.COUNTY, Level.PREFECTURE),
    "township": (Level.TOWNSHIP, Level.VILLAGE, Level.COUNTY),
}
_ENDINGS = (
    "特别行政区", "自治区", "自治州", "自治县", "自治旗", "地区", "街道", "社区", "新区",
    "省", "市", "盟", "州", "县", "区", "旗", "镇", "乡", "村",
)  # fmt: skip
# What stands in the column of the county for the city itself.
_CITY_ITSELF = frozenset(
    {"市区", "区", "市本级", "市直", "市直医院", "市直属", "市辖区", "城区", "中心城区", "主城区"}
)
_BETWEEN_HAN = re.compile(r"(?<=[\u4e00-\u9fff])\s+(?=[\u4e00-\u9fff])")


@dataclass(frozen=True, slots=True)
class Found:
    """A place that a row means, or why there is none: `field` says which word, `nearest` what it may mean."""

    place: Place | None
    field: str = ""
    nearest: tuple[str, ...] = ()


# After so many places looked up one by one the whole table is read: a file names many, a message one or none.
_SINGLY = 3


class _Table:
    """All living places of the site in memory, by id, by code and by name (45,000 places: 0.3 s)."""

    def __init__(self, system: str) -> None:
        self.by_id = {place.pk: place for place in Place.objects.filter(abolished_on__isnull=True)}
        self.by_code = {place.code: place for place in self.by_id.values()}
        self.by_name: dict[str, list[Place]] = {}
        for place in self.by_id.values():
            for name in {form for text in (place.name, place.name_en) if text for form in _forms(text)}:
                self.by_name.setdefault(name, []).append(place)
        if system:
            numbers = ExternalNumber.objects.filter(system=system, record="registry.Place")
            for number, pk in numbers.values_list("number", "record_id"):
                if pk in self.by_id:
                    self.by_code.setdefault(number, self.by_id[pk])


class PlaceFinder:
    """Finds what rows of one sender call their places; the table of places is read when a row first needs it.

    `system` is the sender's, whose own place numbers may be on file as external numbers.
    """

    def __init__(self, system: str = "") -> None:
        self._system = system
        self._known: dict[tuple[str, ...], Found] = {}
        self._counties: dict[int, Place] = {}
        self._singly = 0

    @cached_property
    def _table(self) -> _Table:
        return _Table(self._system)

    def find(self, values: Mapping[str, object], *, within: str) -> Found:
        """Return the place that the row names; nothing is named where `place` is None and `field` empty.

        A name that several places bear is taken to be the one below the places named before it, else the one within
        the path `within`.
        """
        key = (str(values.get("place_code") or ""), *(str(values.get(name) or "") for name in _NAMES), within)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._find(key[0], dict(zip(_NAMES, key[1:-1], strict=True)), within)
        return found

    def county_of(self, place: Place) -> Place:
        """Return the county in which the place lies, or the place itself where it lies in none."""
        if place.level <= Level.COUNTY:
            return place
        if place.pk not in self._counties:
            self._counties[place.pk] = self._above(place) or place
        return self._counties[place.pk]

    def _above(self, place: Place) -> Place | None:
        if self._may_ask():
            return Place.objects.filter(level=Level.COUNTY, path__in=lineage(place.path)).first()
        above: Place | None = place
        while above is not None and above.level > Level.COUNTY:
            above = self._table.by_id.get(above.parent_id or 0)
        return above if above is not None and above.level == Level.COUNTY else None

    def _may_ask(self) -> bool:
        """Return whether one place may be asked for by itself; not once the table is here, and not many times."""
        if "_table" in self.__dict__ or self._singly >= _SINGLY:
            return False
        self._singly += 1
        return True

    def _coded(self, code: str) -> Place | None:
        if self._may_ask():
            place: Place | None = Place.objects.filter(code=code, abolished_on__isnull=True).first()
            if place is not None:
                return place
        return self._table.by_code.get(code)

    def _find(self, code: str, names: Mapping[str, str], within: str) -> Found:
        if code and (place := self._coded(code)) is not None:
            return Found(place)
        above: Place | None = None
        named = [name for name in _NAMES if names[name]]
        for name in named:
            if name == "prefecture" and above is not None and _forms(names[name]) & _forms(above.name):
                continue  # Beijing is its own prefecture
            text = _bare(names[name], above)
            candidates = self._candidates(text, name, above, within)
            if len(candidates) != 1:
                if name == "county" and above is not None and text in {above.name, "", *_CITY_ITSELF}:
                    continue
                if name == "country" or (
                    name == "township" and above is not None and above.level >= Level.PREFECTURE
                ):
                    continue  # a foreign or a finer name that we do not keep: what is above it is known
                return Found(None, name, self._nearest(names[name], candidates))
            above = candidates[0]
        if code and above is None:
            return Found(None, "place_code", tuple(get_close_matches(code, self._table.by_code, n=3)))
        return Found(above)

    def _candidates(self, text: str, field: str, above: Place | None, within: str) -> list[Place]:
        rows = {
            p.pk: p
            for form in _forms(text)
            for p in self._table.by_name.get(form, ())
            if p.level in _LEVELS[field]
        }
        several = list(rows.values())
        if above is not None:
            several = [p for p in several if p.path.startswith(above.path) and p.pk != above.pk]
        elif len(several) > 1:
            several = [p for p in several if p.path.startswith(within)] or several
        # The higher level counts before the lower (a city before the county of its name), a full name before a short one.
        for better in (_at_first_of(_LEVELS[field], several), [p for p in several if p.name == text]):
            several = [p for p in several if p in better] or several
        return several

    def _nearest(self, text: str, several: list[Place]) -> tuple[str, ...]:
        if several:
            return tuple(f"{place.name} ({place.code})" for place in several[:3])
        close = get_close_matches(plain(text), self._table.by_name, n=3, cutoff=0.7)
        return tuple(
            f"{place.name} ({place.code})" for name in close for place in self._table.by_name[name][:1]
        )


class PlaceFinders(dict[str, PlaceFinder]):
    """The finders of several senders by their system, each made once: for messages that come in one after another."""

    def __missing__(self, system: str) -> PlaceFinder:
        self[system] = PlaceFinder(system)
        return self[system]


def _at_first_of(levels: tuple[Level, ...], places: list[Place]) -> list[Place]:
    """Return the places of the first of the levels at which there are any."""
    return next((found for level in levels if (found := [p for p in places if p.level == level])), [])


def _bare(text: str, above: Place | None) -> str:
    """Return a name without the blanks that set characters apart, and without the name of the place above before it."""
    name = _BETWEEN_HAN.sub("", text.strip())
    return name.removeprefix(above.name) or name if above is not None else name


def _forms(text: str) -> set[str]:
    """Return the forms by which a place is found: with and without what says of which kind it is, and whose."""
    name = plain(text)
    short = next(
        (name.removesuffix(end) for end in _ENDINGS if name.endswith(end) and len(name) > len(end) + 1), name
    )
    return {name, short, short_name(name)} - {""}
