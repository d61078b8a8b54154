"""The small world and the cast in which the tests play.

Two neighbouring counties, Dongshan (420106) and Xihe (420107), of prefecture 4201 in province 42; a third county,
Beiling (420205), in another prefecture. Every unit that a duty could need exists once in Dongshan; Xihe has only its
CDC and a township clinic, so that gaps occur. The cast signs in by first name.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from lianfang.core.access.actor import Actor
from lianfang.core.access.models import Grant, User
from lianfang.core.access.permissions import Role
from lianfang.core.access.selectors import actor_for
from lianfang.core.registry.calendar import lay_out_days
from lianfang.core.registry.jurisdiction import refresh_jurisdictions
from lianfang.core.registry.models import Capability, Level, Person, Place, Sex, Unit, UnitCapability

# 12 February 2020, 18:00 at the site.
NOON = datetime(2020, 2, 12, 10, 0, tzinfo=UTC)

PLACES = [
    ("CN", "中国", "China", Level.NATION, None),
    ("42", "江北省", "Jiangbei", Level.PROVINCE, "CN"),
    ("4201", "云州市", "Yunzhou", Level.PREFECTURE, "42"),
    ("420106", "东山县", "Dongshan", Level.COUNTY, "4201"),
    ("420106001", "城关镇", "Chengguan", Level.TOWNSHIP, "420106"),
    ("420106001001", "南门社区", "Nanmen", Level.VILLAGE, "420106001"),
    ("42010600100101", "南门一网格", "Nanmen 1", Level.CELL, "420106001001"),
    ("420106002", "河口镇", "Hekou", Level.TOWNSHIP, "420106"),
    ("420107", "西河县", "Xihe", Level.COUNTY, "4201"),
    ("420107001", "西城镇", "Xicheng", Level.TOWNSHIP, "420107"),
    ("4202", "清江市", "Qingjiang", Level.PREFECTURE, "42"),
    ("420205", "北岭县", "Beiling", Level.COUNTY, "4202"),
]

C = Capability
UNITS = [
    ("cn-nha", "国家卫生健康委", "health_authority", "CN", None, list(C)),
    ("42-nha", "江北省疾控中心", "cdc", "42", "cn-nha", list(C)),
    ("4201-cdc", "云州市疾控中心", "cdc", "4201", "42-nha", list(C)),
    ("4202-cdc", "清江市疾控中心", "cdc", "4202", "42-nha", list(C)),
    (
        "420106-cdc",
        "东山县疾控中心",
        "cdc",
        "420106",
        "4201-cdc",
        [C.REVIEW, C.INVESTIGATE, C.TRACE, C.ASSESS, C.SUPERVISE, C.SAMPLE, C.RECORDS],
    ),
    ("420106-hosp", "东山县人民医院", "hospital", "420106", "420106-cdc", [C.REPORT, C.ADMIT]),
    ("420106-lab", "东山县检验中心", "laboratory", "420106", "420106-cdc", [C.TEST]),
    ("420106001-com", "城关镇卫生院", "health_centre", "420106001", "420106-cdc", [C.OBSERVE, C.SCREEN]),
    ("420106-gate", "南门检查点", "checkpoint", "420106001001", "420106001-com", []),
    ("420106-depot", "东山县物资库", "depot", "420106", "420106-cdc", [C.SUPPLY]),
    (
        "420107-cdc",
        "西河县疾控中心",
        "cdc",
        "420107",
        "4201-cdc",
        [C.REVIEW, C.INVESTIGATE, C.TRACE, C.ASSESS, C.SUPERVISE],
    ),
    ("420107001-com", "西城镇卫生院", "health_centre", "420107001", "420107-cdc", [C.OBSERVE]),
]

# name -> (role, place of the grant, unit)
CAST = {
    "alice": (Role.EPIDEMIOLOGIST, "420106", "420106-cdc"),  # county epidemiologist of Dongshan
    "bao": (Role.FIELD_WORKER, "420106001", "420106001-com"),  # field worker in Chengguan
    "chen": (Role.SUPERVISOR, "4201", "4201-cdc"),  # prefecture supervisor
    "dina": (Role.EPIDEMIOLOGIST, "420107", "420107-cdc"),  # the neighbour county
    "emil": (Role.LABORATORIAN, "420106", "420106-lab"),
    "fang": (Role.CLINICIAN, "420106", "420106-hosp"),
    "gao": (Role.REGISTRAR, "420106", "420106-cdc"),
    "hana": (Role.ANALYST, "42", "42-nha"),
    "ivan": (Role.AUDITOR, "42", "42-nha"),
    "jia": (Role.ADMINISTRATOR, "CN", "cn-nha"),
    "stranger": (
        Role.EPIDEMIOLOGIST,
        "420205",
        "4202-cdc",
    ),  # another prefecture: must see nothing of Dongshan
    "nobody": (None, None, None),  # signs in, holds no role
}


@dataclass(frozen=True)
class World:
    """The places, units and users by their short names."""

    places: dict[str, Place]
    units: dict[str, Unit]
    users: dict[str, User]

    def actor(self, name: str, at: datetime = NOON) -> Actor:
        return actor_for(self.users[name], at)


def build_world(at: datetime = NOON) -> World:
    places: dict[str, Place] = {}
    for code, name, name_en, level, parent in PLACES:
        above = places[parent] if parent else None
        path = f"{above.path if above else ''}{code}."
        places[code] = Place.objects.create(
            code=code, name=name, name_en=name_en, level=level, parent=above, path=path
        )
    units: dict[str, Unit] = {}
    for code, name, kind, place, parent, capabilities in UNITS:
        units[code] = Unit.objects.create(
            code=code,
            name=name,
            name_en=code,
            kind=kind,
            place=places[place],
            path=places[place].path,
            parent=units.get(parent or ""),
        )
        UnitCapability.objects.bulk_create(
            UnitCapability(unit=units[code], capability=c) for c in capabilities
        )
    users: dict[str, User] = {}
    for name, (role, place, unit) in CAST.items():
        users[name] = User(login=name, name=name.title(), unit=units[unit] if unit else None)
        users[name].set_unusable_password()
        users[name].save()
        if role and place:
            Grant.objects.create(
                user=users[name],
                role=role,
                place=places[place],
                path=places[place].path,
                from_at=at - timedelta(days=30),
            )
    lay_out_days((at - timedelta(days=60)).date(), (at + timedelta(days=90)).date())
    refresh_jurisdictions(at=at)
    return World(places, units, users)


def a_person(world: World, place: str = "420106001001", at: datetime = NOON, **fields: object) -> Person:
    where = world.places[place]
    return Person.objects.create(
        sex=Sex.FEMALE, birth_year=1980, place=where, path=where.path, recorded_at=at, **fields
    )
