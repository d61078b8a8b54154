"""A hospital with wards in Dongshan, and the acts of care, each by whoever does it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from tests.world import NOON, World, a_person, build_world

from lianfang.care import services
from lianfang.care.models import Bed, CareLevel, Pathway, Ward
from lianfang.cases import services as case_services
from lianfang.cases.models import Case
from lianfang.core.registry.calendar import lay_out_days

COVID = "covid_19_cn_2020"
HOUR = timedelta(hours=1)


@dataclass
class Hospital:
    world: World
    at: datetime = NOON
    wards: dict[str, Ward] = field(default_factory=dict)

    @property
    def fang(self):
        return self.world.actor("fang", self.at)

    @property
    def chen(self):
        return self.world.actor("chen", self.at)

    def ward(self, name: str, level: int = CareLevel.ORDINARY, n: int = 2, **fields) -> Ward:
        fields = {"rooms_shared": False, **fields}
        ward = services.set_up_ward(
            unit=self.world.units["420106-hosp"], name=name, level=level, by=self.fang, at=self.at, **fields
        )
        services.change_beds(ward=ward, n=n, from_at=self.at, by=self.fang, at=self.at)
        self.wards[name] = ward
        return ward

    def case(self, diagnosis: str = "confirmed", place: str = "420106", **person) -> Case:
        return case_services.open_case(
            person=a_person(self.world, **person),
            disease=COVID,
            place=self.world.places[place],
            by=self.world.actor("alice", self.at),
            at=self.at,
            diagnosis=diagnosis,
        )

    def bed(self, ward: str, n: int = 0) -> Bed:
        return Bed.objects.filter(ward=self.wards[ward]).order_by("pk")[n]

    def lay(self, case: Case, bed: Bed):
        return services.lay_down(case=case, bed=bed, lies_from=self.at, by=self.fang, at=self.at)

    def ask(self, case: Case, level: int, **more):
        return services.request_bed(case=case, level=level, by=self.fang, at=self.at, **more)

    def round(self, case: Case, **measured):
        return services.record_round(case=case, seen_at=self.at, by=self.fang, at=self.at, **measured)

    def test(self, case: Case, finding: str, *, specimen: str = "sputum", sampled_at=None) -> None:
        taken = sampled_at or self.at
        alice = self.world.actor("alice", self.at)
        sample = case_services.record_sample(
            case=case,
            number=f"S{taken.timestamp():.0f}",
            specimen=specimen,
            taken_at=taken,
            by=alice,
            at=self.at,
        )
        case_services.record_result(
            sample=sample,
            kind="rt_pcr",
            finding=finding,
            resulted_at=taken + HOUR,
            by=alice,
            at=max(self.at, taken + HOUR),
        )

    def pathway(self, case: Case) -> Pathway:
        return Pathway.objects.get(case=case)

    def fill(self, n_patients: int, n_beds: int) -> None:
        """Open an ordinary ward and lay one patient more into it each day, up to NOON."""
        for ago in range(n_patients - 1, -1, -1):
            self.at = NOON - timedelta(days=ago)
            if not self.wards:
                self.ward("ordinary", n=n_beds)
            self.lay(self.case(), self.bed("ordinary", n_patients - 1 - ago))
        self.at = NOON


@pytest.fixture
def hospital(db: None) -> Hospital:
    world = build_world()
    lay_out_days(NOON.date() - timedelta(days=10), NOON.date() + timedelta(days=120))
    return Hospital(world)
