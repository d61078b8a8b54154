"""Which place a row means: by code, by a number of another system, or by names from the province down."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from lianfang.core.registry.models import ExternalNumber, Level, Place
from lianfang.intake.fields import plain

_NAMES = ("country", "province", "prefecture", "county", "township")
_LEVELS = {
    "country": (Level.NATION,),
    "province": (Level.PROVINCE,),
    "prefecture": (Level.PREFECTURE,),
    # Abroad the second level is often called a district and has no prefecture above it.
    "county": (Level.COUNTY, Level.PREFECTURE),
    "township": (Level.TOWNSHIP, Level.VILLAGE, Level.COUNTY),
}
_ENDINGS = (
    "特别行政区", "自治区", "自治州", "自治县", "自治旗", "地区", "街道", "社区", "新区",
    "省", "市", "盟", "州", "县", "区", "旗", "镇", "乡", "村",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """A place that a row means, or why there is none: `field` says which word, `nearest` what it may mean."""

    place: Place | None
    field: str = ""
    nearest: tuple[str, ...] = ()


class PlaceFinder:
    """All places of the site in memory, by code and by name: built once per import (45,000 places: 0.3 s).

    `system` is the sender's, whose own place numbers may be on file as external numbers.
    """

    def __init__(self, system: str = "") -> None:
        self._by_id = {place.pk: place for place in Place.objects.filter(abolished_on__isnull=True)}
        self._by_code = {place.code: place for place in self._by_id.values()}
        self._by_name: dict[str, list[Place]] = {}
        for place in self._by_id.values():
            for name in {form for text in (place.name, place.name_en) if text for form in _forms(text)}:
                self._by_name.setdefault(name, []).append(place)
        if system:
            numbers = ExternalNumber.objects.filter(system=system, record="registry.Place")
            for number, pk in numbers.values_list("number", "record_id"):
                if pk in self._by_id:
                    self._by_code.setdefault(number, self._by_id[pk])
        self._known: dict[tuple[str, ...], Found] = {}

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
        above: Place | None = place
        while above is not None and above.level > Level.COUNTY:
            above = self._by_id.get(above.parent_id or 0)
        return above if above is not None and above.level == Level.COUNTY else place

    def _find(self, code: str, names: Mapping[str, str], within: str) -> Found:
        if code and code in self._by_code:
            return Found(self._by_code[code])
        above: Place | None = None
        named = [name for name in _NAMES if names[name]]
        for name in named:
            candidates = self._candidates(names[name], name, above, within)
            if len(candidates) != 1:
                if name == "country" or (
                    name == "township" and above is not None and above.level >= Level.PREFECTURE
                ):
                    continue  # a foreign or a finer name that we do not keep: what is above it is known
                return Found(None, name, self._nearest(names[name], candidates))
            above = candidates[0]
        if code and above is None:
            return Found(None, "place_code", tuple(get_close_matches(code, self._by_code, n=3)))
        return Found(above)

    def _candidates(self, text: str, field: str, above: Place | None, within: str) -> list[Place]:
        rows = {
            p.pk: p for form in _forms(text) for p in self._by_name.get(form, ()) if p.level in _LEVELS[field]
        }
        if above is not None:
            return [
                place for place in rows.values() if place.path.startswith(above.path) and place.pk != above.pk
            ]
        if len(rows) > 1:
            near = [place for place in rows.values() if place.path.startswith(within)]
            return near or list(rows.values())
        return list(rows.values())

    def _nearest(self, text: str, several: list[Place]) -> tuple[str, ...]:
        if several:
            return tuple(f"{place.name} ({place.code})" for place in several[:3])
        close = get_close_matches(plain(text), self._by_name, n=3, cutoff=0.7)
        return tuple(f"{place.name} ({place.code})" for name in close for place in self._by_name[name][:1])


def _forms(text: str) -> set[str]:
    """Return the forms by which a place is found: with and without the ending that says what it is."""
    name = plain(text)
    short = next(
        (name.removesuffix(end) for end in _ENDINGS if name.endswith(end) and len(name) > len(end) + 1), name
    )
    return {name, short} - {""}
