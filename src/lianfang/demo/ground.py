"""Places, units and users of the demo world."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from lianfang.core.access.actor import Actor
from lianfang.core.access.models import Grant, User
from lianfang.core.access.permissions import Role
from lianfang.core.registry.jurisdiction import refresh_jurisdictions
from lianfang.core.registry.models import Capability, Level, Place, Unit, UnitCapability, UnitKind
from lianfang.regions.services import take_boundaries
from lianfang.simulate.city import City
from lianfang.simulate.outlines import draw_outlines

C = Capability
PASSWORD = "lianfang-demo"  # noqa: S105 - the demo's sign-in page shows it
_ABOVE = [
    ("CN", "示范国", "Demoland", Level.NATION, None),
    ("99", "示范省", "Demo Province", Level.PROVINCE, "CN"),
    ("9901", "云河市", "Yunhe", Level.PREFECTURE, "99"),
]
# A neighbouring prefecture without a story of its own: its wave is over.
EARLIER = "990201"
_BESIDE = [
    ("9902", "江湾市", "Jiangwan", Level.PREFECTURE, "99", None),
    (EARLIER, "望湖区", "Wanghu District", Level.COUNTY, "9902", 182_400),
    ("990202", "石桥县", "Shiqiao County", Level.COUNTY, "9902", 127_900),
]
_BESIDE_PIECES = 14  # of the map, for each of its counties
_LEVEL = {
    "county": Level.COUNTY,
    "township": Level.TOWNSHIP,
    "village": Level.VILLAGE,
    "cell": Level.CELL,
    "grid": Level.CELL,
}
_COUNTY_CDC = [C.REVIEW, C.INVESTIGATE, C.TRACE, C.ASSESS, C.SUPERVISE, C.SAMPLE, C.RECORDS]
# login, name, role, level of the area, kind of the unit
_PEOPLE = [
    ("wang", "王敏", Role.EPIDEMIOLOGIST, "county", UnitKind.CDC),
    ("zhao", "赵强", Role.FIELD_WORKER, "township", UnitKind.HEALTH_CENTRE),
    ("lin", "林晓", Role.SUPERVISOR, "prefecture", UnitKind.CDC),
    ("chen", "陈刚", Role.SUPERVISOR, "province", UnitKind.COMMAND),
    ("sun", "孙丽", Role.CLINICIAN, "county", UnitKind.HOSPITAL),
    ("deng", "邓洁", Role.BED_DESK, "prefecture", UnitKind.CDC),
    ("ma", "马俊", Role.LABORATORIAN, "county", UnitKind.LABORATORY),
    ("he", "何静", Role.REGISTRAR, "county", UnitKind.CDC),
    ("tang", "唐明", Role.ANALYST, "province", UnitKind.CDC),
    ("xu", "徐芳", Role.AUDITOR, "province", UnitKind.CDC),
    ("admin", "管理员", Role.ADMINISTRATOR, "nation", UnitKind.HEALTH_AUTHORITY),
]


CAST = tuple(login for login, *_rest in _PEOPLE)


@dataclass(frozen=True)
class Ground:
    """Places by code, units by code, users by login."""

    places: dict[str, Place]
    units: dict[str, Unit]
    users: dict[str, User]


def lay_ground(city: City, *, at: datetime) -> Ground:
    """Make the places of the city with the levels above, a unit for every kind of work but one, and the users."""
    places = _places(city)
    _outlines(places, at)
    units = _units(places)
    users = _users(places, units, at)
    refresh_jurisdictions(at=at)
    return Ground(places, units, users)


def _places(city: City) -> dict[str, Place]:
    places: dict[str, Place] = {}
    for code, name, name_en, level, parent in _ABOVE:
        _add(places, code, name, name_en, level=level, parent=parent, population=None)
    frame = city.places.sort("code")
    for row in frame.sort(frame["code"].str.len_chars()).iter_rows(named=True):
        level = _LEVEL[row["level"]]
        parent = row["parent"] or "9901"
        _add(
            places,
            row["code"],
            row["name"],
            f"Grid {int(row['code'][12:])}" if level == Level.CELL else row["pinyin"],
            level=level,
            parent=parent,
            population=row["population"],
        )
    for code, name, name_en, level, parent, population in _BESIDE:
        _add(places, code, name, name_en, level=level, parent=parent, population=population)
    return places


def _add(
    places: dict[str, Place],
    code: str,
    name: str,
    name_en: str,
    *,
    level: int,
    parent: str | None,
    population: int | None,
) -> None:
    above = places[parent] if parent else None
    places[code] = Place.objects.create(
        code=code,
        name=name,
        name_en=name_en,
        level=level,
        parent=above,
        path=f"{above.path if above else ''}{code}.",
        population=population,
    )


def _outlines(places: dict[str, Place], at: datetime) -> None:
    """Give every place an outline, down to the grid cell, as a file of a surveyor would."""
    tree = {code: place.parent.code if place.parent else "" for code, place in places.items()}
    # The lowest places are drawn of one size: a county without places below it would be as small as a grid cell.
    tree |= {f"{row[0]}/{n}": row[0] for row in _BESIDE[1:] for n in range(_BESIDE_PIECES)}
    drawn = draw_outlines(tree)
    features = [
        {"type": "Feature", "properties": {"code": code}, "geometry": geometry}
        for code, geometry in drawn.items()
        if code in places
    ]
    collection = {"type": "FeatureCollection", "features": features}
    by = Actor.system("demo world")
    take_boundaries(collection=collection, source="invented (虚构)", by=by, at=at)


def _units(places: dict[str, Place]) -> dict[str, Unit]:
    units: dict[str, Unit] = {}

    def add(
        code: str, names: tuple[str, str], kind: str, place: str, parent: str | None, *, can: list[Capability]
    ) -> None:
        where = places[place]
        above = units[parent] if parent else None
        unit = Unit.objects.create(
            code=code, name=names[0], name_en=names[1], kind=kind, place=where, path=where.path, parent=above
        )
        UnitCapability.objects.bulk_create(UnitCapability(unit=unit, capability=c) for c in can)
        units[code] = unit

    add(
        "cn-nha",
        ("示范国卫生健康委", "National Health Authority"),
        UnitKind.HEALTH_AUTHORITY,
        "CN",
        None,
        can=list(C),
    )
    add("99-cdc", ("示范省疾控中心", "Provincial CDC"), UnitKind.CDC, "99", "cn-nha", can=list(C))
    add(
        "99-command", ("示范省疫情防控指挥部", "Provincial Command"), UnitKind.COMMAND, "99", "cn-nha", can=[]
    )
    add("9901-cdc", ("云河市疾控中心", "Yunhe CDC"), UnitKind.CDC, "9901", "99-cdc", can=list(C))
    add("9902-cdc", ("江湾市疾控中心", "Jiangwan CDC"), UnitKind.CDC, "9902", "99-cdc", can=list(C))
    _counties(places, add)
    _grass_roots(places, add)
    return units


def _counties(places: dict[str, Place], add: Callable[..., None]) -> None:
    """Add to each county a CDC, a hospital, a laboratory, and a depot to all but the first."""
    counties = [p for p in places.values() if p.level == Level.COUNTY]
    for n, county in enumerate(counties):
        short, short_en = county.name.rstrip("县区市"), county.name_en.rsplit(" ", 1)[0]
        cdc = f"{county.code}-cdc"
        add(
            cdc,
            (f"{short}疾控中心", f"{short_en} CDC"),
            UnitKind.CDC,
            county.code,
            f"{county.code[:4]}-cdc",
            can=_COUNTY_CDC if county.code[:4] == "9901" else list(C),
        )
        add(
            f"{county.code}-hospital",
            (f"{short}人民医院", f"{short_en} People's Hospital"),
            UnitKind.HOSPITAL,
            county.code,
            cdc,
            can=[C.REPORT, C.ADMIT],
        )
        add(
            f"{county.code}-laboratory",
            (f"{short}检验中心", f"{short_en} Laboratory"),
            UnitKind.LABORATORY,
            county.code,
            cdc,
            can=[C.TEST],
        )
        if n:  # the first county has no depot of its own: a gap that the prefecture sees and is owed to fill
            add(
                f"{county.code}-depot",
                (f"{short}物资库", f"{short_en} Supply Depot"),
                UnitKind.DEPOT,
                county.code,
                cdc,
                can=[C.SUPPLY],
            )


def _grass_roots(places: dict[str, Place], add: Callable[..., None]) -> None:
    """Add a clinic and a checkpoint to each township, and a committee to each village."""
    for town in (p for p in places.values() if p.level == Level.TOWNSHIP):
        above = f"{town.code[:6]}-cdc"
        add(
            f"{town.code}-clinic",
            (f"{town.name}卫生院", f"{town.name_en} Health Centre"),
            UnitKind.HEALTH_CENTRE,
            town.code,
            above,
            can=[C.OBSERVE, C.SCREEN],
        )
        clinic = f"{town.code}-clinic"
        add(
            f"{town.code}-gate",
            (f"{town.name}检查点", f"{town.name_en} Checkpoint"),
            UnitKind.CHECKPOINT,
            town.code,
            clinic,
            can=[],
        )
    for village in (p for p in places.values() if p.level == Level.VILLAGE):
        above = f"{village.code[:9]}-clinic"
        add(
            f"{village.code}-committee",
            (f"{village.name}委会", f"{village.name_en} Committee"),
            UnitKind.COMMUNITY,
            village.code,
            above,
            can=[],
        )


def _users(places: dict[str, Place], units: dict[str, Unit], at: datetime) -> dict[str, User]:
    # The reader is put where the outbreak is: the third county of the demonstration.
    county = [p for p in places.values() if p.level == Level.COUNTY][2]
    town = next(p for p in places.values() if p.level == Level.TOWNSHIP and p.parent_id == county.pk)
    area = {
        "county": county,
        "township": town,
        "prefecture": places["9901"],
        "province": places["99"],
        "nation": places["CN"],
    }
    first = User(login="", name="")
    first.set_password(PASSWORD)  # once: hashing is slow on purpose, and the demo has one password
    users = {}
    for login, name, role, level, kind in _PEOPLE:
        place = area[level]
        unit = next(u for u in units.values() if u.place_id == place.pk and u.kind == kind)
        users[login] = User.objects.create(login=login, name=name, unit=unit, password=first.password)
        Grant.objects.create(
            user=users[login], role=role, place=place, path=place.path, from_at=at - timedelta(days=365)
        )
    return users
