"""The ground of the large benchmarks: a province of 10 prefectures, 100 counties and 1,200 townships, with units and readers.

Counties differ in size as real ones do (shares fall off as 1/rank), so the reader of the largest sees a fifth of all.
"""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from lianfang.common.clock import now
from lianfang.core.access.models import Grant, User
from lianfang.core.access.permissions import Role
from lianfang.core.registry.calendar import lay_out_days
from lianfang.core.registry.jurisdiction import refresh_jurisdictions
from lianfang.core.registry.models import Capability, Level, Person, Place, Unit, UnitCapability
from measuring import load

AT = now()  # pages show what is recent
_COUNTIES, _TOWNSHIPS = 10, 12


@dataclass(frozen=True)
class Ground:
    """Townships with the share of everything that happens in each, and users by the name of what they see."""

    townships: list[Place]
    shares: np.ndarray
    readers: dict[str, User]
    province: Unit

    def drawn(self, n: int, seed: int) -> np.ndarray:
        """Return `n` positions in `townships`."""
        return np.random.default_rng(seed).choice(len(self.townships), n, p=self.shares)


def lay_ground() -> Ground:
    nation = _place("CN", Level.NATION, None)
    province = _place("42", Level.PROVINCE, nation)
    top = _unit("cn", nation, None)
    above = _unit("42", province, top)
    counties, townships = [], []
    for p in range(1, 11):
        prefecture = _place(f"42{p:02}", Level.PREFECTURE, province)
        unit = _unit(prefecture.code, prefecture, above)
        for c in range(1, _COUNTIES + 1):
            county = _place(f"{prefecture.code}{c:02}", Level.COUNTY, prefecture)
            _unit(county.code, county, unit)
            counties.append(county)
            townships += [
                _place(f"{county.code}{t:03}", Level.TOWNSHIP, county) for t in range(1, _TOWNSHIPS + 1)
            ]
    lay_out_days((AT - timedelta(days=60)).date(), (AT + timedelta(days=60)).date())
    refresh_jurisdictions(at=AT)
    # The ranks are dealt out over the province, so that neighbours in the index differ.
    order = np.random.default_rng(7).permutation(len(counties))
    of_county = 1 / (1.0 + order)
    shares = np.repeat(of_county / of_county.sum() / _TOWNSHIPS, _TOWNSHIPS)
    return Ground(townships, shares / shares.sum(), _readers(counties, order, townships, province), above)


def _readers(counties, order, townships, province) -> dict[str, User]:
    ranked = [counties[k] for k in np.argsort(order)]
    smallest = next(t for t in townships if t.path.startswith(ranked[-1].path))
    areas = {
        "smallest township": [smallest],
        "median county": [ranked[len(ranked) // 2]],
        "largest county": [ranked[0]],
        "two counties": [ranked[3], ranked[30]],
        "prefecture": [ranked[0].parent],
        "province": [province],
    }
    readers = {}
    for name, places in areas.items():
        user = User(login=name.replace(" ", "-"), name=name)
        user.set_unusable_password()
        user.save()
        for place in places:
            Grant.objects.create(user=user, role=Role.EPIDEMIOLOGIST, place=place, path=place.path, from_at=AT - timedelta(days=30))  # fmt: skip
        readers[name] = user
    return readers


def _place(code: str, level: int, parent: Place | None) -> Place:
    path = f"{parent.path if parent else ''}{code}."
    return Place.objects.create(code=code, name=code, level=level, parent=parent, path=path)


def _unit(code: str, place: Place, parent: Unit | None) -> Unit:
    unit = Unit.objects.create(code=f"{code}-cdc", name=f"CDC {code}", kind="cdc", place=place, path=place.path, parent=parent)  # fmt: skip
    UnitCapability.objects.bulk_create(UnitCapability(unit=unit, capability=c) for c in Capability)
    return unit


def load_people(ground: Ground, n: int, seed: int = 1) -> np.ndarray:
    """Write `n` people with the ids 1 to n, living in the townships by share; return the position of each one's township."""
    homes = ground.drawn(n, seed)
    places = [(place.pk, place.path) for place in ground.townships]
    recorded = int((AT - timedelta(days=40)).timestamp())
    rows = (
        (k + 1, "male" if k % 2 else "female", 1930 + k % 90, "", *places[home], recorded, f"{k:032x}")
        for k, home in enumerate(homes)
    )
    load(Person, ("id", "sex", "birth_year", "occupation", "place_id", "path", "recorded_at", "uid"), rows)  # fmt: skip
    return homes
