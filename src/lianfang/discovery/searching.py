"""One search around one case: from the person to the visits, to the people who shared them, by score."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from lianfang.cases.models import Case, Classification
from lianfang.common.clock import local_day
from lianfang.common.paths import code_of
from lianfang.contacts.models import Contact
from lianfang.discovery.errors import CaseNotOpen, WindowClosed
from lianfang.discovery.lake import numbers_of, people_of
from lianfang.discovery.models import Venue
from lianfang.discovery.rules import SearchRule, SearchWindow, search_rule, window_of
from lianfang.visits.record import PlaceKind, day_of
from lianfang.visits.score import Scored, expected_near, score_pairs
from lianfang.visits.store import VisitStore, number_of, text_of
from lianfang.visits.windows import Windows
from lianfang.visits.working_set import Crowd, SharedStays, WorkingSet

_OPEN = (
    Classification.SUSPECTED,
    Classification.PROBABLE,
    Classification.CONFIRMED,
    Classification.ASYMPTOMATIC,
)
_CASE = 0  # the case stands in several numbers in the files; in a search it is one person
_STAYS_SHOWN = 12


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The columns of the search's row, and the people to put before a person, the strongest first."""

    columns: dict[str, Any]
    found: list[dict[str, Any]]
    judge_within_hours: int


def run_search(case: Case, *, store: VisitStore, columns: Callable[[], WorkingSet], at: datetime) -> Outcome:
    """Return what a search finds; raise where nobody may search (see `services.search_visits`)."""
    if case.classification not in _OPEN:
        raise CaseNotOpen(case=case.number, classification=case.get_classification_display())
    window = window_of(case, at=at)
    if at > window.drop_at:
        raise WindowClosed(case=case.number, ended=local_day(window.drop_at).isoformat())
    rule = search_rule(local_day(at), code_of(case.path))
    numbers = numbers_of(case.person)
    opens, closes = int(window.opens_at.timestamp()), int(window.closes_at.timestamp())
    found = columns().search(
        Windows.of((number, opens, closes) for number in numbers),
        min_seconds=rule.min_seconds,
        most_present=rule.most_present,
    )
    stays = found.stays()
    days = (day_of(opens, store.utc_offset), day_of(max(closes - 1, opens), store.utc_offset))
    people = people_of(store, np.unique(stays.person).tolist(), *days)
    stays, n_unregistered = _as_people(stays, people, case.person_id)
    anchor = number_of(window.anchor_on.isoformat())
    scored = score_pairs(stays, {_CASE: anchor}, rule.weights, utc_offset=store.utc_offset)
    outcome = _outcome(case, window, rule, stays=stays, scored=scored)
    held = set(store.days())
    outcome.columns.update(
        n_unregistered=n_unregistered,
        days_missing=[text_of(day) for day in range(days[0], days[1] + 1) if day not in held],
        crowd=_crowd(found.crowd(), rule),
    )
    return outcome


def _as_people(stays: SharedStays, people: dict[int, int], own: int) -> tuple[SharedStays, int]:
    """Return the stays of people of the register, by their id, and how many others there were."""
    person = np.array([people.get(int(number), -1) for number in stays.person], dtype=np.int64)
    others = len(np.unique(stays.person[person < 0]))
    keep = (person >= 0) & (person != own)
    kept = {name: getattr(stays, name)[keep] for name in ("place", "kind", "start", "seconds", "present")}
    index = np.full(int(keep.sum()), _CASE, dtype=np.int64)
    return SharedStays(index_person=index, person=person[keep], **kept), others


def _outcome(
    case: Case, window: SearchWindow, rule: SearchRule, *, stays: SharedStays, scored: Scored
) -> Outcome:
    p = rule.parameters
    named = set(Contact.objects.filter(case=case).values_list("person_id", flat=True))
    is_new = [int(person) not in named for person in scored.person]
    strong = [n for n, new in enumerate(is_new) if new and scored.score[n] >= p.propose_from]
    shown = strong[: p.most_findings]
    venues = _venue_names(stays)
    return Outcome(
        columns={
            "opens_at": window.opens_at,
            "closes_at": window.closes_at,
            "anchor_on": window.anchor_on,
            "edition": window.edition,
            "rule_edition": rule.edition,
            "drop_at": window.drop_at,
            "n_found": len(scored),
            "n_proposed": len(shown),
            "n_weak": sum(is_new) - len(shown),
            "n_named_before": len(scored) - sum(is_new),
        },
        found=[_one(stays, scored, n, venues) for n in shown],
        judge_within_hours=p.judge_within_hours,
    )


def _one(stays: SharedStays, scored: Scored, n: int, venues: dict[int, str]) -> dict[str, Any]:
    rows = scored.stays[n]
    ends = stays.start[rows] + stays.seconds[rows]
    return {
        "person_id": int(scored.person[n]),
        "n_stays": len(rows),
        "seconds": int(stays.seconds[rows].sum()),
        "first_at": datetime.fromtimestamp(int(stays.start[rows].min()), UTC),
        "last_at": datetime.fromtimestamp(int(ends.max()), UTC),
        "score": float(scored.score[n]),
        "stays": [
            {
                "venue": venues.get(int(stays.place[row]), "?"),
                "kind": PlaceKind(int(stays.kind[row])).word,
                "start": int(stays.start[row]),
                "seconds": int(stays.seconds[row]),
                "present": int(stays.present[row]),
            }
            for row in rows[:_STAYS_SHOWN]
        ],
    }


def _venue_names(of: SharedStays | Crowd) -> dict[int, str]:
    numbers = np.unique(of.place).tolist()
    return dict(Venue.objects.filter(pk__in=numbers).values_list("pk", "name"))


def _crowd(crowd: Crowd, rule: SearchRule) -> list[dict[str, Any]]:
    """Return the stays that were left out, with how many people of those present were near by chance."""
    names = _venue_names(crowd)
    near = expected_near(crowd, rule.weights)
    return [
        {
            "venue": names.get(int(crowd.place[n]), "?"),
            "kind": PlaceKind(int(crowd.kind[n])).word,
            "since": int(crowd.since[n]),
            "until": int(crowd.until[n]),
            "present": int(crowd.present[n]),
            "near": round(float(near[n]), 1),
        }
        for n in range(len(crowd))
    ]
