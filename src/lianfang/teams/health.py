"""Which health workers fell ill, and which may not work: from assessed exposures and from their own cases."""

from collections.abc import Collection

from lianfang.care.models import Pathway, Stage
from lianfang.cases.models import Case, Classification
from lianfang.teams.models import Exposure, Worker

_INFECTED = (Classification.CONFIRMED, Classification.ASYMPTOMATIC)
_ILL = (Stage.WAITING, Stage.ON_THE_WAY, Stage.TREATED, Stage.OBSERVED)


def infected(workers: Collection[int]) -> set[int]:
    """Return which workers were ever infected: by the assessment of an exposure, or as a confirmed case."""
    by_exposure = Exposure.objects.current().filter(worker__in=workers, is_infected=True)
    people = dict(Worker.objects.filter(pk__in=workers).values_list("person_id", "pk"))
    ill = Case.objects.filter(person__in=people, classification__in=_INFECTED)
    return {
        *by_exposure.values_list("worker_id", flat=True),
        *(people[p] for p in ill.values_list("person_id", flat=True)),
    }


def ailing(workers: Collection[int], *, cases_only: bool = False) -> set[int]:
    """Return which workers may not work: infected and not back, or a patient, or observed after discharge."""
    people = dict(Worker.objects.filter(pk__in=workers).values_list("person_id", "pk"))
    inside = Pathway.objects.filter(
        case__person__in=people, case__classification__in=_INFECTED,
        stage__in=_ILL,
    )  # fmt: skip
    found = {people[person] for person in inside.values_list("case__person_id", flat=True)}
    if cases_only:
        return found
    away = Exposure.objects.current().filter(worker__in=workers, is_infected=True, back_at__isnull=True)
    return found | set(away.values_list("worker_id", flat=True))
