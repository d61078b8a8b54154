"""What the rulebook says about searching visits, and the window of a case."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from lianfang.cases.models import Case, Sample
from lianfang.common.clock import end_of, local_day, start_of
from lianfang.common.paths import code_of
from lianfang.contacts.rules import Rules
from lianfang.core.rules import site_rules
from lianfang.discovery.errors import NoWindow
from lianfang.rulebook.kinds.visits import VisitDiscoveryParameters
from lianfang.visits.ingest import Assumptions
from lianfang.visits.record import PlaceKind
from lianfang.visits.score import ExposureWeights


@dataclass(frozen=True, kw_only=True)
class SearchRule:
    """The edition in force and its parameters in the forms that the pure floor takes."""

    edition: str
    parameters: VisitDiscoveryParameters

    @property
    def min_seconds(self) -> int:
        """The least time that counts."""
        return self.parameters.least_minutes * 60

    @property
    def most_present(self) -> dict[int, int]:
        """The cap of each kind; kinds that are not named have that of `other`, where it is named."""
        caps = self.parameters.most_present
        return {
            int(kind): caps.get(kind.word, caps.get("other", 2**62))  # type: ignore[call-overload]
            for kind in PlaceKind
            if kind is not PlaceKind.HOME
        }

    @property
    def weights(self) -> ExposureWeights:
        """The parameters of the score."""
        p = self.parameters
        return ExposureWeights(
            half_seconds=p.half_minutes * 60,
            by_kind={PlaceKind.from_word(word): value for word, value in p.weight.items()},
            near={PlaceKind.from_word(word): value for word, value in p.near.items()},
            by_day=tuple((step.from_day, step.weight) for step in p.by_day),
        )

    @property
    def assumptions(self) -> Assumptions:
        """How records are read."""
        minutes = self.parameters.open_minutes
        return Assumptions(
            open_stay={PlaceKind.from_word(word): n * 60 for word, n in minutes.items()},
            longest_stay=self.parameters.longest_hours * 3600,
        )


def search_rule(on: date, place: str = "") -> SearchRule:
    """Return the rule of the search in force."""
    edition = site_rules().rule("visit_discovery", at=on, place=place)
    return SearchRule(edition=edition.edition_id, parameters=edition.of(VisitDiscoveryParameters))


@dataclass(frozen=True, kw_only=True)
class SearchWindow:
    """When a case could infect others by the contact definition in force, and when its results are deleted."""

    opens_at: datetime
    closes_at: datetime
    anchor_on: date
    edition: str
    drop_at: datetime


def window_of(case: Case, *, at: datetime) -> SearchWindow:
    """Return the window of a case; NoWindow where it has neither onset nor a positive sample.

    It opens as the pack says and closes with the diagnosis, from which on the case is isolated, or now. The results
    are deleted when nobody who was there on its last day could still be under observation.
    """
    anchor = case.onset_on or _sampled_on(case)
    if anchor is None:
        raise NoWindow(case=case.number)
    rules, code = Rules(), code_of(case.path)
    defining = rules.defining(case.disease, local_day(at), code)
    before = defining.rule.days_before if defining.rule else 0
    opens_at = start_of(anchor - timedelta(days=before))
    closes_at = min(at, case.diagnosed_at) if case.diagnosed_at else at
    if defining.rule and defining.rule.days_after is not None:
        closes_at = min(closes_at, end_of(anchor + timedelta(days=defining.rule.days_after)))
    closes_at = max(closes_at, opens_at)
    observed = rules.observing(case.disease, local_day(closes_at), code).days
    drop_at = end_of(local_day(closes_at) + timedelta(days=observed))
    return SearchWindow(
        opens_at=opens_at, closes_at=closes_at, anchor_on=anchor, edition=defining.edition, drop_at=drop_at
    )


def _sampled_on(case: Case) -> date | None:
    row = (
        Sample.objects.current()
        .filter(case=case, results__finding="positive", results__superseded_at__isnull=True)
        .order_by("occurred_at")
        .first()
    )
    return None if row is None else local_day(row.occurred_at)
