"""Outlines of areas: read from any GeoJSON, and as light as a map of the areas below another needs them."""

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import Count

from lianfang.core.registry.models import Level, Place
from lianfang.regions.errors import BadBoundaries
from lianfang.regions.models import Boundary

Polygon = list[list[list[float]]]
_POINTS_ACROSS = 1500  # of a map: more than a screen shows, far fewer than a surveyor has
_AT_ONCE = 900  # codes in one query


def load_geojson(content: bytes) -> Any:
    """Return what a file holds; BadBoundaries where that is no JSON."""
    try:
        return json.loads(content.decode("utf-8-sig"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise BadBoundaries(reason=f"the file is no JSON ({error})") from None


def read_features(collection: Any, code: str = "") -> dict[str, dict[str, Any]]:
    """Return code -> geometry of the polygons of a GeoJSON object; several features with one code are one outline.

    Without `code` the property is taken whose values are most often codes of places. BadBoundaries says what is wrong.
    """
    features = _features(collection)
    name = code or _code_property(features)
    found: dict[str, list[Polygon]] = defaultdict(list)
    for one in features:
        properties = one.get("properties")
        text = str(properties.get(name, "")).strip() if isinstance(properties, Mapping) else ""
        if text:
            found[text] += _polygons(one["geometry"], text)
    if not found:
        raise BadBoundaries(reason=f"no feature has a property {name}")
    return {text: _geometry(polygons) for text, polygons in found.items()}


def _features(collection: Any) -> list[dict[str, Any]]:
    kind = collection.get("type") if isinstance(collection, Mapping) else None
    held = [collection] if kind == "Feature" else collection.get("features") if kind else None
    found = [
        one
        for one in (held if isinstance(held, list) else [])
        if isinstance(one, dict)
        and isinstance(one.get("geometry"), Mapping)
        and one["geometry"].get("type") in {"Polygon", "MultiPolygon"}
    ]
    if not found:
        raise BadBoundaries(reason="no feature is a polygon")
    return found


def _code_property(features: Sequence[Mapping[str, Any]]) -> str:
    """Return the property most of whose values are codes of places."""
    values: dict[str, set[str]] = defaultdict(set)
    for one in features:
        properties = one.get("properties")
        for name, value in (properties if isinstance(properties, Mapping) else {}).items():
            if isinstance(value, str | int) and not isinstance(value, bool):
                values[name].add(str(value).strip())
    known = places_of(text for each in values.values() for text in each)
    hits = Counter({name: sum(text in known for text in each) for name, each in values.items()})
    best = max(hits.items(), key=lambda item: item[1], default=("", 0))
    if not best[1]:
        raise BadBoundaries(reason="no property of its features holds codes of places")
    return str(best[0])


def places_of(codes: Iterable[str]) -> dict[str, Place]:
    """Return code -> place of the codes that name one, as they are or without the zeros of higher levels (420100: 4201)."""
    forms = {code: [code, *_shorter(code)] for code in set(codes)}
    listed = sorted({form for each in forms.values() for form in each})
    held: dict[str, Place] = {}
    for n in range(0, len(listed), _AT_ONCE):
        held |= {place.code: place for place in Place.objects.filter(code__in=listed[n : n + _AT_ONCE])}
    return {
        code: held[form] for code, each in forms.items() if (form := next((f for f in each if f in held), ""))
    }


def _shorter(code: str) -> list[str]:
    if len(code) != 6 or not code.endswith("00"):
        return []
    return [code[:4], code[:2]] if code.endswith("0000") else [code[:4]]


def _polygons(geometry: Mapping[str, Any], code: str) -> list[Polygon]:
    """Return the polygons of a geometry, checked: closed rings of points in degrees."""
    held = geometry.get("coordinates") or []
    polygons = [held] if geometry["type"] == "Polygon" else held
    try:
        checked = [[_ring(ring) for ring in polygon] for polygon in polygons]
    except (TypeError, ValueError):
        raise BadBoundaries(reason=f"{code}: a ring is no list of points") from None
    if not checked or not all(checked):
        raise BadBoundaries(reason=f"{code}: the polygon is empty")
    for ring in (ring for polygon in checked for ring in polygon):
        if len(ring) < 4 or ring[0] != ring[-1]:
            raise BadBoundaries(reason=f"{code}: a ring is not closed")
        if not (np.abs(np.asarray(ring)) <= (180, 90)).all():
            raise BadBoundaries(reason=f"{code}: {ring[0]} is no longitude and latitude in degrees")
    return checked


def _ring(ring: Any) -> list[list[float]]:
    points = np.asarray([point[:2] for point in ring], dtype=np.float64).reshape(-1, 2)
    listed: list[list[float]] = points.tolist()
    return listed


def _geometry(polygons: Sequence[Polygon]) -> dict[str, Any]:
    if len(polygons) == 1:
        return {"type": "Polygon", "coordinates": polygons[0]}
    return {"type": "MultiPolygon", "coordinates": list(polygons)}


def outlines_below(places: Sequence[Place]) -> dict[int, dict[str, Any]]:
    """Return place -> geometry, as fine as a map of all these places needs; of those on file.

    A place without an outline of its own has those of the highest places below it that have one.
    """
    held = _polygons_of(places)
    if not held:
        return {}
    width = _width(held.values())
    step = width / _POINTS_ACROSS
    return {
        pk: _geometry(thin)
        for pk, polygons in held.items()
        if (thin := [kept for polygon in polygons if (kept := _thinned(polygon, step))])
    }


@dataclass(frozen=True, kw_only=True)
class LevelLine:
    """How many places of a level lie in an area, how many have an outline, and where these come from."""

    title: str
    n: int
    drawn: int
    sources: tuple[str, ...]


def by_level(path: str) -> list[LevelLine]:
    """Return for each level of an area how many of its places have an outline."""
    places = Place.objects.filter(path__within=path, abolished_on__isnull=True).order_by()
    counted = places.values_list("level").annotate(n=Count("pk"), drawn=Count("boundary")).order_by("level")
    sources: dict[int, list[str]] = defaultdict(list)
    named = Boundary.objects.filter(path__within=path).values_list("place__level", "source").distinct()
    for level, source in named.order_by("place__level", "source"):
        sources[level].append(source)
    return [
        LevelLine(title=str(Level(level).label), n=n, drawn=drawn, sources=tuple(sources[level][:3]))
        for level, n, drawn in counted
    ]


def has_outlines(places: Collection[Place]) -> bool:
    """Return whether a map of these places can be drawn."""
    above = {place.path.removesuffix(f"{place.code}.") for place in places}  # of neighbours one and the same
    return any(Boundary.objects.filter(path__within=path).exclude(path=path).exists() for path in above)


def _polygons_of(places: Sequence[Place]) -> dict[int, list[Polygon]]:
    own = Boundary.objects.filter(place__in=[place.pk for place in places]).values_list(
        "place_id", "geometry"
    )
    found = {pk: _parts(geometry) for pk, geometry in own}
    for place in places:
        if place.pk in found:
            continue
        below = Boundary.objects.filter(path__within=place.path)
        highest = below.order_by("place__level").values_list("place__level", flat=True).first()
        if highest is not None:
            rows = below.filter(place__level=highest).values_list("geometry", flat=True)
            found[place.pk] = [polygon for geometry in rows for polygon in _parts(geometry)]
    return found


def _parts(geometry: Mapping[str, Any]) -> list[Polygon]:
    held: Any = geometry["coordinates"]
    return [held] if geometry["type"] == "Polygon" else list(held)


def _width(groups: Collection[list[Polygon]]) -> float:
    points = np.concatenate([np.asarray(polygon[0]) for polygons in groups for polygon in polygons])
    return float(np.ptp(points, axis=0).max())


def _thinned(polygon: Polygon, step: float) -> Polygon:
    """Return a polygon with its points on a grid, each once: neighbours, who share points, go on sharing them.

    Nothing is left of what is smaller than a point of the map.
    """
    return list(_thin_rings(polygon, step)) if step else polygon


def _thin_rings(polygon: Polygon, step: float) -> Iterator[list[list[float]]]:
    digits = max(0, 2 - int(np.floor(np.log10(step))))
    for n, ring in enumerate(polygon):
        points = np.round(np.asarray(ring) / step) * step
        moved = np.append(np.any(points[1:] != points[:-1], axis=1), True)
        kept = points[moved]
        if len(kept) >= 4:
            yield np.round(kept, digits).tolist()
        elif n == 0:
            return
