"""Finding a place by what people write: a code, a name, a short name (东城), or a chain (湖北省武汉市江岸区)."""

import re
from collections import defaultdict
from collections.abc import Iterable

from lianfang.core.registry.errors import AmbiguousPlace, UnknownPlace
from lianfang.core.registry.models import Place

_PEOPLES = (
    "蒙古族|蒙古|回族|藏族|维吾尔族|维吾尔|苗族|彝族|壮族|布依族|朝鲜族|满族|侗族|瑶族|白族|土家族|哈尼族|哈萨克族|哈萨克|傣族|黎族|傈僳族|"
    "佤族|畲族|高山族|拉祜族|水族|东乡族|纳西族|景颇族|柯尔克孜族|柯尔克孜|土族|达斡尔族|仫佬族|羌族|布朗族|撒拉族|毛南族|仡佬族|锡伯族|锡伯|"
    "阿昌族|普米族|塔吉克族|塔吉克|怒族|乌孜别克族|俄罗斯族|鄂温克族|德昂族|保安族|裕固族|京族|塔塔尔族|独龙族|鄂伦春族|赫哲族|门巴族|珞巴族|"
    "基诺族|各族"
)
_KINDS = (
    r"(?:自治区|自治州|自治县|自治旗|特别行政区|街道办事处|居民委员会|村民委员会|居委会|村委会|街道|地区|林区|矿区|社区|新区"
    r"|省|市|区|县|盟|旗|镇|乡|村)$"
)
_KIND = re.compile(_KINDS)
_PEOPLES_AND_KIND = re.compile(rf"(?:{_PEOPLES})+{_KINDS}")


def short_name(name: str) -> str:
    """Return the name without the word for its kind: 东城区 is 东城, 恩施土家族苗族自治州 is 恩施; 和县 stays."""
    for suffix in (_PEOPLES_AND_KIND, _KIND):
        short = suffix.sub("", name)
        if short != name and len(short) >= 2:
            return short
    return name


def spellings(place: Place) -> set[str]:
    """Return the ways in which a place is called: in full, short, 恩施州, and in English."""
    short = short_name(place.name)
    prefecture = {f"{short}州"} if place.name.endswith("自治州") else set()
    return ({place.name, short, place.name_en.casefold()} | prefecture) - {""}


class PlaceFinder:
    """All living places below a path, findable in memory; for tables with thousands of place names.

    Cost: one query. An abolished place is found as its successor.
    """

    def __init__(self, *, within: str = "", max_level: int | None = None) -> None:
        rows = Place.objects.within(within).order_by("path")
        if max_level is not None:
            rows = rows.filter(level__lte=max_level)
        self._places: dict[int, Place] = {place.pk: place for place in rows}
        self._codes = {place.code: place for place in self._places.values()}
        self._names: dict[str, list[Place]] = defaultdict(list)
        self._children: dict[int | None, list[Place]] = defaultdict(list)
        for place in self._places.values():
            for name in spellings(place):
                self._names[name].append(place)
            self._children[place.parent_id].append(place)
        self._names = dict(self._names)

    def find_all(self, text: str, *, within: str = "") -> list[Place]:
        """Return every place that `text` may mean below the path `within`, the highest level first.

        A full name counts before a short one, and both before a chain of names.
        """
        wanted = "".join(text.split())
        if not wanted:
            return []
        by_code = self._codes.get(wanted) or self._codes.get(_without_zeros(wanted))
        if by_code is not None:
            return [self._now(by_code)] if by_code.path.startswith(within) else []
        named = self._names.get(wanted) or self._names.get(text.strip().casefold()) or []
        full = [place for place in named if place.name == wanted] or named
        found = _below(full, within) or _below(named, within) or _below(self._chain(wanted), within)
        living = [place for place in found if place.abolished_on is None]
        chosen = living or list({place.pk: place for place in map(self._now, found)}.values())
        return sorted(chosen, key=lambda place: (place.level, place.path))

    def find(self, text: str, *, within: str = "") -> Place:
        """Return the one place that `text` means; raise UnknownPlace, or AmbiguousPlace with the codes to choose from."""
        found = self.find_all(text, within=within)
        if not found:
            raise UnknownPlace(place=text)
        if len(found) > 1 and found[0].level == found[1].level:
            raise AmbiguousPlace(place=text, codes=", ".join(place.code for place in found[:8]))
        return found[0]

    def _chain(self, text: str) -> list[Place]:
        """Return the deepest places whose names, from above to below, make up the beginning of `text`."""
        best: list[Place] = []
        depth = 0
        starts = [
            (place, rest) for place in self._places.values() if (rest := _after(text, place)) is not None
        ]
        while starts:
            level = max(len(text) - len(rest) for _place, rest in starts)
            if level > depth:
                depth, best = level, [place for place, rest in starts if len(text) - len(rest) == level]
            starts = [
                (below, left)
                for place, rest in starts
                if rest
                for below in self._descendants(place)
                if (left := _after(rest, below)) is not None
            ]
        return best

    def _descendants(self, place: Place) -> Iterable[Place]:
        """Yield children and grandchildren: people leave out one level (北京市东城区 omits 市辖区)."""
        for child in self._children[place.pk]:
            yield child
            yield from self._children[child.pk]

    def _now(self, place: Place) -> Place:
        """Return the place that stands for this one now."""
        seen = {place.pk}
        while place.abolished_on is not None and place.succeeded_by_id in self._places:
            place = self._places[place.succeeded_by_id]
            if place.pk in seen:
                break
            seen.add(place.pk)
        return place


def find_place(text: str, *, within: str = "") -> Place:
    """Return the one place that `text` means; for more than a few texts make a `PlaceFinder`."""
    return PlaceFinder(within=within).find(text)


def _below(places: Iterable[Place], within: str) -> list[Place]:
    return [place for place in places if place.path.startswith(within)]


def _after(text: str, place: Place) -> str | None:
    fitting = [name for name in spellings(place) if text.startswith(name)]
    return text[len(max(fitting, key=len)) :] if fitting else None


def _without_zeros(code: str) -> str:
    return code.removesuffix("00").removesuffix("00") if len(code) == 6 and code.isdigit() else code
