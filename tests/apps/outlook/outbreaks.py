"""Real outbreaks as the files of a county desk: line lists and relationships made from the published data, taken in as any."""

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.apps.intake.importing import Desk

from lianfang.cases.models import Case
from lianfang.outlook.evidence import Evidence, gather
from lianfang.outlook.models import Run, Study

# What a run keeps of a posterior: rarer candidates are not shown.
SHOWN = 0.01


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def as_csv(rows: Iterable[Mapping[str, Any]]) -> bytes:
    table = list(rows)
    out = io.StringIO()
    writer = csv.DictWriter(out, list(table[0]))
    writer.writeheader()
    writer.writerows(table)
    return out.getvalue().encode()


def iso(text: str) -> str:
    """A day of the files as 2020-01-31; "" where it is not known."""
    parts = text.replace("/", "-").split("-")
    return "-".join(f"{int(part):02d}" for part in parts) if len(parts) == 3 and all(parts) else ""


def take_cases(desk: Desk, rows: Iterable[Mapping[str, Any]], disease: str, at: Any) -> int:
    _, report = desk.take(as_csv(rows), target="case", at=at, defaults={"disease": disease})
    assert report.parked == 0, report.problems[:5]
    return int(report.created)


def take_links(desk: Desk, pairs: Iterable[tuple[str, str]], at: Any, **more: str) -> int:
    """Say who infected whom; `more` are further columns with one word for all, such as the setting."""
    rows = [{"infector": a, "infectee": b, **more} for a, b in pairs]
    _, report = desk.take(as_csv(rows), target="relationship", at=at)
    assert report.parked == 0, report.problems[:5]
    return int(report.created)


def numbers() -> dict[int, str]:
    return dict(Case.objects.values_list("pk", "number"))


def run_of(disease: str, path: str) -> Run:
    run = Study.objects.get(method="chains", disease=disease, path=path).latest
    assert run is not None
    return run


def ranks(run: Run, pairs: Iterable[tuple[str, str]]) -> list[int]:
    """Rank of a true infector among the named candidates of each infectee, as the page shows them; 99 not among them."""
    number = numbers()
    shown = {
        number[row["id"]]: [number[one["id"]] for one in row["candidates"]] for row in run.result["cases"]
    }
    return _ranks(dict(shown.items()), pairs)


def library_ranks(disease: str, path: str, pairs: Iterable[tuple[str, str]], history: Any) -> list[int]:
    """The same from `analytics.chains` itself on the evidence on file."""
    from lianfang.outlook.chains import SEED
    from lianfang.outlook.inference import posterior_of

    evidence: Evidence = gather(disease, path)
    number = numbers()
    found = posterior_of(evidence, history, SEED)
    shown = {
        number[pk]: [number[one] for one, p in found.candidates(pk, 9) if one is not None and p >= SHOWN]
        for pk in found.ids
    }
    return _ranks(shown, pairs)


def _ranks(shown: Mapping[str, list[str]], pairs: Iterable[tuple[str, str]]) -> list[int]:
    true: dict[str, set[str]] = {}
    for infector, infectee in pairs:
        true.setdefault(infectee, set()).add(infector)
    return [
        min((shown[case].index(name) + 1 for name in names if name in shown.get(case, [])), default=99)
        for case, names in sorted(true.items())
        if case in shown
    ]


def tops(found: list[int]) -> tuple[float, float]:
    """The shares of true infectors on the first place, and among the first three."""
    return (
        round(sum(rank == 1 for rank in found) / len(found), 3),
        round(sum(rank <= 3 for rank in found) / len(found), 3),
    )
