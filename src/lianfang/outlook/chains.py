"""The chains of an area from what is on file: made again when that has changed, kept, and impossible links found."""

import time
from collections import Counter
from dataclasses import asdict
from datetime import date, datetime, timedelta
from importlib import import_module
from typing import Any

from lianfang.cases.models import Case
from lianfang.common.clock import local_day
from lianfang.core.access.actor import Actor
from lianfang.core.rules import site_rules
from lianfang.loop.findings import Proposal, propose_findings
from lianfang.outlook.evidence import Evidence, gather
from lianfang.outlook.models import RunStatus, Study
from lianfang.outlook.runs import digest_of, keep_run
from lianfang.rulebook.kinds.care import NaturalHistoryParameters
from lianfang.rulebook.kinds.surveillance import ClockParameters

FINDING = "outlook.impossible_link"
METHOD = "chains 2"
SEED = 1
# With fewer cases there is nothing to learn from: what is recorded is shown as recorded.
FEWEST = 5
# The newest so many cases of an area are worked out together.
MOST = 1500


def refresh(study: Study, at: datetime) -> datetime | None:
    """Make the chains of the study's area, unless the evidence is that of the latest run."""
    evidence = gather(study.disease, study.path)
    left_out = _cut(evidence)
    history, edition = natural_history(study.disease, evidence)
    digest = digest_of(METHOD, SEED, _plain(evidence), edition)
    if study.latest is not None and study.latest.digest == digest:
        return None
    begin = time.perf_counter()
    status, result = _computed(evidence, history)
    inputs = {
        "n_cases": len(evidence.cases),
        "n_with_onset": sum(case.is_onset for case in evidence.cases),
        "n_elsewhere": sum(not case.path.startswith(study.path) for case in evidence.cases),
        "n_left_out": left_out,
        "n_named_sources": len(evidence.traced),
        "n_contacts": len(evidence.contacts),
        "n_in_households": len(evidence.household),
        "n_windows": len(evidence.windows),
        "n_from_outside": len(evidence.outside | evidence.ruled_outside),
        "n_decided": len(evidence.confirmed) + len(evidence.rejected) + len(evidence.ruled_outside),
        "report_delay": evidence.report_delay,
        "edition": edition,
    }
    keep_run(
        study,
        at=at,
        status=status,
        inputs=inputs,
        digest=digest,
        result=result,
        method=METHOD,
        seed=SEED,
        seconds=round(time.perf_counter() - begin, 3),
    )
    _propose(study, result, evidence, at)
    return None


def _cut(evidence: Evidence) -> int:
    """Keep the newest `MOST` cases; return how many were left out."""
    over = len(evidence.cases) - MOST
    if over > 0:
        evidence.cases = evidence.cases[over:]
        kept = {case.pk for case in evidence.cases}
        evidence.traced = {pair for pair in evidence.traced if set(pair) <= kept}
        evidence.contacts = {pair for pair in evidence.contacts if set(pair) <= kept}
        evidence.rejected = {pair for pair in evidence.rejected if set(pair) <= kept}
        evidence.confirmed = {a: b for a, b in evidence.confirmed.items() if a in kept and b in kept}
    return max(over, 0)


def natural_history(disease: str, evidence: Evidence) -> tuple[NaturalHistoryParameters | None, str]:
    """Return the pack's incubation and serial interval in force at the last case (or its first edition), and which."""
    rule_id = f"{disease}/natural_history"
    book = site_rules()
    if rule_id not in book.rule_ids():
        return None, ""
    last = max((case.on for case in evidence.cases), default=date.max)
    edition = book.find(rule_id, at=last) or book.editions(rule_id)[0]
    return edition.of(NaturalHistoryParameters), edition.edition_id


def _plain(evidence: Evidence) -> dict[str, Any]:
    """Return the evidence as something with one spelling, for the digest."""
    cases = [(c.pk, c.on, c.is_onset, c.removed_on, c.classification, c.path) for c in evidence.cases]
    return {
        "cases": cases,
        "traced": sorted(evidence.traced),
        "contacts": sorted(evidence.contacts),
        "household": sorted(evidence.household.items()),
        "windows": sorted((pk, str(span)) for pk, span in evidence.windows.items()),
        "venues": sorted((pk, [str(asdict(one)) for one in some]) for pk, some in evidence.venues.items()),
        "outside": sorted(evidence.outside),
        "ruled": [
            sorted(evidence.confirmed.items()),
            sorted(evidence.rejected),
            sorted(evidence.ruled_outside),
        ],
    }


def _computed(evidence: Evidence, history: NaturalHistoryParameters | None) -> tuple[str, dict[str, Any]]:
    if history is None or not evidence.cases:
        return RunStatus.NO_MODEL if history is None else RunStatus.TOO_FEW, as_recorded(evidence)
    if len(evidence.cases) < FEWEST:
        result = as_recorded(evidence)
        if evidence.traced:
            result |= import_module("lianfang.outlook.inference").reviewed(evidence, history)
        return RunStatus.TOO_FEW, result
    return RunStatus.DONE, import_module("lianfang.outlook.inference").inferred(evidence, history, SEED)


def as_recorded(evidence: Evidence) -> dict[str, Any]:
    """Return the links as they stand on record, without probabilities: the first named source of each case."""
    named: dict[int, int | None] = {}
    by_id = {case.pk: case for case in evidence.cases}
    for source, case in sorted(evidence.traced, key=lambda pair: (by_id[pair[0]].on, pair)):
        if (source, case) not in evidence.rejected and not _is_above(named, case, source):
            named.setdefault(case, source)
    named |= {
        case: source for case, source in evidence.confirmed.items() if not _is_above(named, case, source)
    }
    named |= dict.fromkeys(evidence.ruled_outside)
    return {
        "cases": case_rows(evidence, {pk: [(source, None)] for pk, source in named.items()}, named),
        "problems": [],
    }


def _is_above(source_of: dict[int, int | None], pk: int, start: int) -> bool:
    """Return whether `pk` is found going up from `start`."""
    at: int | None = start
    seen = set()
    while at is not None and at not in seen:
        if at == pk:
            return True
        seen.add(at)
        at = source_of.get(at)
    return False


def case_rows(
    evidence: Evidence,
    candidates: dict[int, list[tuple[int | None, float | None]]],
    best: dict[int, int | None],
) -> list[dict[str, Any]]:
    """Return one row a case: its day, its most probable source, all candidates with what speaks for each, its place in the tree."""
    children = Counter(source for source in best.values() if source is not None)
    rows = []
    for case in evidence.cases:
        several = candidates.get(case.pk, [])
        source = best.get(case.pk)
        rows.append(
            {
                "id": case.pk,
                "on": case.on.isoformat(),
                "onset": case.is_onset,
                "source": source,
                "p": next((p for pk, p in several if pk == source), None),
                "unknown": next((p for pk, p in several if pk is None), None),
                "generation": _generation(best, case.pk),
                "infected": children[case.pk],
                "held": _held(evidence, case.pk),
                "candidates": [
                    {"id": pk, "p": p, "why": _why(evidence, pk, case.pk)}
                    for pk, p in several
                    if pk is not None
                ],
            }
        )
    return rows


def _generation(best: dict[int, int | None], pk: int) -> int:
    steps, at, seen = 0, best.get(pk), {pk}
    while at is not None and at not in seen:
        seen.add(at)
        steps, at = steps + 1, best.get(at)
    return steps


def _held(evidence: Evidence, pk: int) -> str:
    if pk in evidence.ruled_outside:
        return "outside"
    return "confirmed" if pk in evidence.confirmed else ""


def _why(evidence: Evidence, source: int, case: int) -> list[str]:
    """Return the kinds of evidence that speak for a link, as words of the page."""
    venues = [{v.text.casefold() for v in evidence.venues.get(pk, ())} for pk in (source, case)]
    home = evidence.household
    said = {
        "confirmed": evidence.confirmed.get(case) == source,
        "traced": (source, case) in evidence.traced,
        "contact": (source, case) in evidence.contacts,
        "contact_back": (case, source) in evidence.contacts,
        "household": source in home and home.get(source) == home.get(case),
        "venue": bool(venues[0] & venues[1]),
    }
    return [word for word, holds in said.items() if holds]


def _propose(study: Study, result: dict[str, Any], evidence: Evidence, at: datetime) -> None:
    """Put each recorded link that cannot be before a person; one that was corrected is withdrawn."""
    cases = {case.pk: case for case in evidence.cases}
    hours = site_rules().rule("clock.link_review", at=local_day(at)).of(ClockParameters).within
    numbers = dict(
        Case.objects.filter(pk__in={p["source"] for p in result["problems"]}).values_list("pk", "number")
    )
    decided = {*evidence.confirmed.items(), *((case, source) for source, case in evidence.rejected)}
    proposals = {}
    for problem in result["problems"]:
        case, source = cases[problem["case"]], cases[problem["source"]]
        if not case.path.startswith(study.path) or (case.pk, source.pk) in decided:
            continue
        key = f"{source.pk}:{problem['problem']}"
        proposals[case.pk, key] = Proposal(
            subject_id=case.pk,
            place_id=case.place_id,
            path=case.path,
            key=key,
            evidence={
                "problem": problem["problem"],
                "source": numbers[source.pk] if source.path.startswith(case.path) else "",
                "lag_days": problem["lag"],
                "limits": result.get("limits"),
            },
            due_at=at + timedelta(hours=hours),
        )
    about = Case.objects.filter(disease=study.disease, path__within=study.path).values("pk")
    propose_findings(FINDING, Case, proposals.values(), about=about, by=Actor.system("outlook.chains"), at=at)
