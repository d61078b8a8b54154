"""Rules of beds, teams, goods, transport, prices and waste."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from lianfang.rulebook.terms import Frozen, Text, Threshold


class RoomParameters(Frozen):
    """Who may share a room."""

    kind: Literal["rooms"]
    suspected_share: bool
    confirmed_share: bool


class TeamRestParameters(Frozen):
    """Rest of medical teams; None where the rule says nothing about that part."""

    kind: Literal["team_rest"]
    days_off: Threshold | None = None
    per_days_worked: int | None = None
    months_continuous: Threshold | None = None
    doctor_hours_per_week: tuple[float, float] | None = None
    nurse_hours_per_week: tuple[float, float] | None = None
    days_off_per_fortnight: int | None = None


class StaffingParameters(Frozen):
    """Hours of doctors and nurses that an occupied bed needs a day, by level of bed, and the length of a shift."""

    kind: Literal["staffing"]
    doctor_hours_per_bed: dict[Annotated[int, Field(ge=0, le=3)], Annotated[float, Field(ge=0, le=24)]]
    nurse_hours_per_bed: dict[Annotated[int, Field(ge=0, le=3)], Annotated[float, Field(ge=0, le=48)]]
    shift_hours: Annotated[float, Field(gt=0, le=24)]


class AllowanceParameters(Frozen):
    """The allowance of health workers for a day's work against the outbreak, by whether they work at the patient."""

    kind: Literal["allowance"]
    currency: str
    direct_per_day: Annotated[float, Field(gt=0)]
    other_per_day: Annotated[float, Field(gt=0)]


class Pair(Frozen):
    """One place and the provinces that help it, by division codes."""

    place: str
    name: Text
    helpers: Annotated[tuple[str, ...], Field(min_length=1)]


class PairingParameters(Frozen):
    """Pairing of provinces with places; a new round ends the old one."""

    kind: Literal["pairing"]
    pairs: Annotated[tuple[Pair, ...], Field(min_length=1)]


class CharterParameters(Frozen):
    """Chartered buses of returning workers: load as percent of the rated seats."""

    kind: Literal["charter"]
    load_percent: Threshold
    conditions: tuple[Text, ...]


class BoardingParameters(Frozen):
    """From which temperature a person does not board."""

    kind: Literal["boarding"]
    fever_celsius: Threshold


class WasteParameters(Frozen):
    """Storage of medical waste, and the stricter bound in the heat."""

    kind: Literal["medical_waste"]
    storage_days: Threshold
    warm_celsius: Threshold
    warm_storage_celsius: Threshold
    warm_storage_hours: Threshold
    removal_per_day: int


class PriceParameters(Frozen):
    """A sharp price rise: the mark-up in percent over the price of the base day (None: over cost)."""

    kind: Literal["price_rise"]
    markup_percent: Threshold | None = None
    base_on: date | None = None
    practices: tuple[Text, ...] = ()


class PriceWatchParameters(Frozen):
    """How many goods and cities the price watch covers."""

    kind: Literal["price_watch"]
    goods: int
    cities: int


class NecessitiesParameters(Frozen):
    """One set of daily goods in a closed city, and how often one person may go out."""

    kind: Literal["necessities"]
    persons_per_set: int | None = None
    days_per_set: int | None = None
    outing_every_days: int | None = None
    reserve_vegetables_days: int | None = None
    reserve_pork_days: int | None = None


class GuardianlessParameters(Frozen):
    """Children left without a guardian: who is told, in order."""

    kind: Literal["guardianless"]
    steps: tuple[Text, ...]
    contact_persons_each: int = Field(ge=1)
