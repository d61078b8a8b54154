# ruff: noqa: RUF009 - Duration, Disease and the classes below are frozen, so they may be defaults
"""What the health service does, and how fast: clocks, hands, beds, rules. Measures, and the scenario that holds all."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from lianfang.simulate.checks import complain, positive, within
from lianfang.simulate.disease import Disease, Duration

LAYERS = ("household", "school", "work", "community")


@dataclass(frozen=True, kw_only=True)
class Clocks:
    """How long each step takes before any queue, in hours (log-normal).

    `visit` counts from onset to the visit of a person who seeks care; `report` from the visit to the case report;
    `sample` from the visit to the specimen; `transport` to its receipt; `laboratory` from receipt to result;
    `investigation` from confirmation (or report) to the named contacts; `tracing` from the naming of a contact to
    the moment the contact is reached; `retest` from a first negative result to the second specimen.
    """

    visit: Duration = Duration(60.0, 40.0)
    report: Duration = Duration(2.0, 2.0)
    sample: Duration = Duration(3.0, 2.0)
    transport: Duration = Duration(6.0, 4.0)
    laboratory: Duration = Duration(10.0, 6.0)
    investigation: Duration = Duration(20.0, 8.0)
    tracing: Duration = Duration(20.0, 12.0)
    retest: Duration = Duration(26.0, 3.0)

    def times(self, factor: float) -> "Clocks":
        """Return all clocks of the service stretched by `factor`; the patient's own delay (`visit`) stays.

        `retest` stays as well: the rule asks for a day between two specimens.
        """
        service = ("report", "sample", "transport", "laboratory", "investigation", "tracing")
        positive("factor", factor)
        return replace(self, **{name: getattr(self, name).times(factor) for name in service})

    def durations(self) -> tuple[Duration, ...]:
        """Return the clocks in the order of the `pathway` kernels."""
        names = ("visit", "report", "sample", "transport", "laboratory", "investigation", "tracing", "retest")
        return tuple(getattr(self, name) for name in names)


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """What each county can do in a day, and its beds, per 100,000 residents (at least one of each).

    Work beyond the day's capacity waits for the next day, first come first served. Infinity means no limit.
    """

    laboratory_tests: float = 500.0
    investigations: float = 20.0
    tracings: float = 300.0
    beds: float = 150.0

    def __post_init__(self) -> None:
        for name in ("laboratory_tests", "investigations", "tracings", "beds"):
            within(name, getattr(self, name), 0)


@dataclass(frozen=True, kw_only=True)
class Response:
    """The rules of the health service and how far people follow them.

    seeks_care
        Probability that a person with a mild illness seeks care; severe illness always leads to hospital.
    gate_coverage, gate_sensitivity
        Probability that a person with fever passes a thermometer on a day, and that it is then noticed.
    other_illness
        Visits a day per 100,000 residents by people who are not infected but look like suspected cases.
    sensitivity, early_sensitivity, specificity
        Probability of a positive test in an infectious or ill person, in an infected person who is not infectious
        yet, and of a negative test in a person not infected.
    recall
        Probability that an existing contact at home, school, work, in the community is named and can be found.
    look_back_days
        Contacts count from so many days before onset (before sampling, without symptoms).
    observation_days
        Quarantine lasts so many days from the last contact.
    adherence
        Probability that a traced contact keeps the quarantine, and a patient without a bed the isolation at home.
    central_quarantine
        Quarantine in a facility: also ends contact within the household.
    follow_up_coverage
        Probability that a due temperature reading (08:00 and 20:00) is made.
    tests_contacts
        Probability that a contact is sampled when reached.
    investigates_suspects
        Investigation starts with the report of a suspected case instead of the positive result.
    """

    clocks: Clocks = Clocks()
    capacity: Capacity = Capacity()
    seeks_care: float = 0.75
    gate_coverage: float = 0.3
    gate_sensitivity: float = 0.6
    other_illness: float = 2.0
    sensitivity: float = 0.85
    early_sensitivity: float = 0.2
    specificity: float = 0.998
    recall: tuple[float, float, float, float] = (1.0, 0.85, 0.85, 0.4)
    look_back_days: float = 2.0
    observation_days: float = 14.0
    adherence: float = 0.9
    central_quarantine: bool = False
    follow_up_coverage: float = 0.93
    tests_contacts: float = 0.5
    investigates_suspects: bool = False
    discharge_days: float = 3.0

    def __post_init__(self) -> None:
        for name in (
            "seeks_care",
            "gate_coverage",
            "gate_sensitivity",
            "sensitivity",
            "early_sensitivity",
            "specificity",
            "adherence",
            "tests_contacts",
        ):
            within(name, getattr(self, name), 0, 1)
        within("follow_up_coverage", self.follow_up_coverage, 0.05, 1)
        within("other_illness", self.other_illness, 0)
        within("look_back_days", self.look_back_days, 0, 14)
        within("observation_days", self.observation_days, 1, 60)
        within("discharge_days", self.discharge_days, 0, 60)
        if len(self.recall) != 4 or not all(0 <= share <= 1 for share in self.recall):
            raise complain("recall", "four numbers from 0 to 1", self.recall)

    def with_clocks(self, **clocks: Duration) -> "Response":
        """Return the same response with some clocks replaced, by their names in `Clocks`."""
        return replace(self, clocks=replace(self.clocks, **clocks))

    def faster(self, factor: float) -> "Response":
        """Return the same response with every clock of the service `factor` times as fast.

        >>> Response().faster(2).clocks.laboratory.mean
        5.0
        """
        positive("factor", factor)
        return replace(self, clocks=self.clocks.times(1 / factor))


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A measure that leaves `factor` of the contacts of a layer, from a day on, within a place (a code prefix).

    Several measures multiply. A contact between two places happens as often as the stricter of them allows.
    """

    layer: str
    factor: float
    from_day: int = 0
    until_day: int | None = None
    place: str = ""

    def __post_init__(self) -> None:
        if self.layer not in LAYERS:
            raise complain("layer", f"one of {', '.join(LAYERS)}", self.layer)
        within("factor", self.factor, 0, 1)
        within("from_day", self.from_day, 0)
        if self.until_day is not None and self.until_day <= self.from_day:
            raise complain("until_day", f"after from_day {self.from_day}", self.until_day)


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A disease, a response and measures over a number of days, started by imported infections.

    `imported` maps a day (0 the first) to the number of persons infected elsewhere who begin to be infected then;
    they are drawn at random among the residents. `response=None` means that nobody reacts.
    `weekend_school`, `weekend_work`: factor on the contacts of these layers on Saturday and Sunday.
    `max_generation` stops transmission by cases of that generation (0 the imported ones); it serves to measure R.
    """

    disease: Disease = Disease()
    response: Response | None = Response()
    measures: tuple[Measure, ...] = ()
    days: int = 100
    imported: Mapping[int, int] | int = 10
    weekend_school: float = 0.0
    weekend_work: float = 0.3
    max_generation: int | None = None

    def __post_init__(self) -> None:
        within("days", self.days, 1, 1000)
        within("weekend_school", self.weekend_school, 0, 1)
        within("weekend_work", self.weekend_work, 0, 1)
        if self.max_generation is not None:
            within("max_generation", self.max_generation, 0)
        for day, number in self.imports().items():
            within("imported day", day, 0, self.days - 1)
            within(f"imported[{day}]", number, 0)

    def imports(self) -> dict[int, int]:
        """Return the imported infections by day."""
        return {0: self.imported} if isinstance(self.imported, int) else dict(self.imported)
