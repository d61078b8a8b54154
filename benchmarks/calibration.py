"""Do the intervals hold what they promise? 50, 90 and 95 % coverage of all of them, on real and simulated truth.

    python benchmarks/calibration.py --jobs 8         # all, eight at a time; prints Markdown
    python benchmarks/calibration.py --write          # and makes docs/explanation/calibration.md of it
    python benchmarks/calibration.py rt. --write      # and puts the rows of these checks into that page
    python benchmarks/calibration.py rt. --quick      # checks whose name contains the word, few epidemics
    python benchmarks/calibration.py --write --resume # keep what var/calibration.json already has

Each check has seeds of its own and one thread, so its row is the same whatever runs beside it: a row that was not
counted anew stays as it stands on the page. It is kept in var/calibration.json as soon as it is done. Django is not needed, only the libraries of `lianfang.analytics` and Polars.
"""

import argparse
import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from importlib import import_module
from multiprocessing import get_context

import numpy as np

from calibrating import CHECKS, REAL
from measuring import REPOSITORY, Skip

TOPICS = ("reproduction", "delay", "nowcasting", "forecasting", "chains", "fatality", "bed")
KEPT = REPOSITORY / "var" / "calibration.json"
PAGE = REPOSITORY / "docs" / "explanation" / "calibration.md"
LOW, HIGH = 0.90, 0.98  # of 95 % intervals: the aim
HEAD = "| interval | truth | truths (units) | 50 % | 90 % | 95 % | verdict |\n|---|---|---|---|---|---|---|"
INTRODUCTION = """# Calibration: do the intervals hold what they promise?

<!-- Made by `python benchmarks/calibration.py --write`; do not edit. -->

An interval that says 95 % should hold the truth 95 times in 100. This page counts how often each interval of
`lianfang.analytics` did, where the truth is known: because it came out later (real data), or because it was put in
(simulated). One command makes it, seeded: `python benchmarks/calibration.py --write`.

How to read it:

- **truths (units)**: so many numbers were compared, from so many epidemics, dates or places. Numbers of one unit go
  astray together, so the 95 % column carries twice the standard error over units (± in points of a hundred, where there are
  at least eight units; never less than that of as many independent truths).
- **verdict**: "holds" where 90 to 98 of 100 truths lie in the 95 % interval, else "too narrow" (promises too much) or "too
  wide" (less sharp than it could be), with a question mark where that aim lies within the error.
- Methods were built on other seeds and on parts of the real data; which parts is said on the pages under
  `docs/reference/analytics`. Real data of the published comparisons were seen while methods were chosen.
- Effects of clocks, poverty indices, clusters, final sizes and scores are functions of their inputs and have no interval. The
  scan and the detectors state error probabilities, not intervals; see [early warning](../reference/analytics/early_warning.md).

- **†**: counted on few epidemics (`--quick`); its verdict is a first look.

What fails, fails here in the open. "As warned" marks a use that the docstring warns of (a truncation not told, super-spreading
not told) and the naive yardstick of forecasts; what else is too narrow is a limit of the method, named in the notes below the tables.
"""

NOTES = """## Where it fails, and what to do

- **`rt.reproduction_number` with super-spreading**: its Poisson is EpiEstim's. Give `offspring_k` (from `priors`), and the interval
  holds; that option was added because of this row.
- **R of the window's last day**: a window of a week estimates R of its middle. Read the date so, or use the delay-aware estimate.
- **Delay-aware R that jumps or walks** is smoothed, so that days about a jump lie outside.
- **Delay-aware R with super-spreading**: give `offspring_k`, and the row of the simulated city holds; the option was added because of it. Infections of
  a day carry their own chance since 26 November (87 % before: the interval was that of the smooth curve).
- **Truncation not told** makes delays too short in every growing outbreak: `truncated_at` is not optional there.
- **Census with stays from few patients**: give `resampled_stays` to `project_census`; that option was added because of this row.
- **Time-varying fatality** is exact (Clopper-Pearson) as in cfr, so it is wider than it says.
- **Fatality where most die**: the binomial of expected outcomes, which is that of cfr, has no spread left at 100 %, though it is chance who of
  the ill has died by today. `likelihood="by-case"` counts that chance; it was added because of these rows, and the report uses it.
- **Ebola 1976**: from day 31 to 52 the deaths exceed the outcomes to be expected and the estimate sits at 1 (`status` says so), above the
  0.955 known in the end; the delay of the reference is too long for the middle of that outbreak. With "by-case" and a tenth of doubt about
  the mean of that delay (`case_fatality_uncertain`) the interval is honest on most of these days. One outbreak, overlapping days.
- **A delay fitted to few deaths** is itself in doubt: `in_doubt` of the fit, given to `case_fatality_uncertain`, takes that in. The report does so.
- **Census outlook**: learnt over an autumn in which a wave began, it is too wide for the calmer winter. Widths that follow the errors of the last
  weeks were tried within the first half (learnt to day 120, scored to day 245): coverage fell (ward at 14 days 94 to 86-90 %) and the score
  was worse, as the calm before a wave taught too narrow a width. They were left out.
- **The baseline forecast** is meant to be naive; its rows are the yardstick, not a promise.
- **Chains on real outbreaks** are surer than they should be: published infectors are themselves inferences, and a posterior over the listed names
  cannot know that one of several was blamed. In simulated hospitals the sets hold what they promise. On MERS three
  infectors have most of the links, so that its row is a matter of three cases. Use the ranking, and confirm links by investigation.
- **Chains with genomes** are a little surer than they should be: a source that nobody saw is taken for the case behind it. k from all
  evidence is too sure, too (40 outbreaks).
- **Chains without contacts, named sources or genomes** keep the prior of k: their sets are wide where the outbreak is an even one.
- **Waiting lists and small counts**: whole numbers make intervals wider than their name.
"""


def assess(one, quick):
    """Return the row of a check: coverage at each nominal level, and what it rests on."""
    began = time.process_time()
    units = [unit for unit in one.run(quick) if len(unit)]
    together = np.concatenate(units)
    sizes = np.array([len(unit) for unit in units])
    means = np.array([unit[:, 2].mean() for unit in units])
    cover = together.mean(axis=0)
    spread = None
    if len(units) >= 8:
        # never below that of so many independent truths: eleven dates that all hold have not shown 100 %
        chance = np.sqrt(0.95 * 0.05 / len(together))
        spread = 2 * float(max(np.sqrt((sizes**2 * (means - cover[2]) ** 2).sum()) / sizes.sum(), chance))
    return {
        "cover": cover.round(4).tolist(),
        "n": len(together),
        "units": len(units),
        "spread": spread,
        "quick": quick,
        "seconds": round(time.process_time() - began, 1),
    }


def verdict(row):
    share, error = row["cover"][2], row["spread"] or 0.0
    if LOW <= share <= HIGH:
        return "holds"
    if share < LOW:
        return "**too narrow**" if share + error < LOW else "narrow?"
    return "too wide" if share - error > HIGH else "wide?"


def line(one, row):
    cells = [f"{100 * share:.0f}" for share in row["cover"]]
    if row["spread"] is not None:
        cells[2] += f" ± {100 * row['spread']:.0f}"
    truth = one.truth + (f" ({one.note})" if one.note else "")
    mark = " †" if row["quick"] else ""
    said = verdict(row) + (", as warned" if one.warned and verdict(row) != "holds" else "")
    return f"| `{one.interval}` | {truth} | {row['n']:,} ({row['units']:,}){mark} | {' | '.join(cells)} | {said} |"


def page(rows, standing):
    """Return the page: each row as counted now, else as it stands in the page's text, real truth first."""
    parts, said = [INTRODUCTION], []
    for kind, title in ((REAL, "Real data, truth known later"), ("simulated", "Simulated truth")):
        told = [told_line(one, rows, standing) for one in CHECKS if one.kind == kind]
        lines = [text for text in told if text]
        said += [text.rstrip(" |").rpartition("| ")[2] for text in lines]
        parts.append(f"## {title}\n\n{HEAD}\n" + "\n".join(lines) + "\n")
    narrow = [words for words in said if words.startswith("**too narrow**")]
    parts.append(
        f"{said.count('holds')} of {len(said)} rows hold, {len(narrow)} are too narrow "
        f"({sum('as warned' in words for words in narrow)} of them as warned), {said.count('too wide')} too wide.\n"
    )
    parts.append(NOTES)
    return "\n".join(parts)


def told_line(one, rows, standing):
    """Return the line of a check, "" where it was never counted."""
    if one.name in rows:
        return line(one, rows[one.name])
    begins = f"| `{one.interval}` | {one.truth}"
    known = (text for text in standing.splitlines() if text.startswith((f"{begins} |", f"{begins} (")))
    return next(known, "")


def chosen(words):
    for topic in TOPICS:
        import_module(f"calibrating.{topic}")
    CHECKS.sort(
        key=lambda one: TOPICS.index(one.run.__module__.rpartition(".")[2])
    )  # whichever was imported first
    names = [one.name for one in CHECKS]
    assert len(names) == len(set(names)), "two checks of one name"
    return [one for one in CHECKS if not words or any(word in one.name for word in words)]


def known():
    return json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}


def keep(name, row):
    """Add a row to those kept; another run may have added its own meanwhile."""
    rows = known()
    if row["quick"] and name in rows and not rows[name]["quick"]:
        return
    KEPT.parent.mkdir(exist_ok=True)
    KEPT.write_text(json.dumps(rows | {name: row}, indent=1), encoding="utf-8")


def row_of(name, quick):
    """Be the process of one check: return its row, or the reason why there is none."""
    try:
        return assess(next(one for one in chosen([]) if one.name == name), quick)
    except Skip as reason:
        return str(reason)


def rows_of(checks, quick, jobs) -> Iterator[tuple]:
    """Yield each check with what `row_of` says, as they are done; those that took longest last time begin."""
    for library in (
        "OMP",
        "OPENBLAS",
        "MKL",
        "NUMBA",
    ):  # read where NumPy comes: sums depend on who adds them
        os.environ[f"{library}_NUM_THREADS"] = "1"
    cost = {name: row["seconds"] for name, row in known().items()}
    checks = sorted(checks, key=lambda one: -cost.get(one.name, 1e9))
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        due = {pool.submit(row_of, one.name, quick): one for one in checks}
        for done in as_completed(due):
            yield due[done], done.result()


def main(words, *, quick, resume=False, jobs=1):
    """Run the checks chosen, print their rows, keep them; return them, with those kept of an interrupted run."""
    todo, kept = chosen(words), known() if resume else {}
    rows = {one.name: kept[one.name] for one in todo if one.name in kept and kept[one.name]["quick"] <= quick}
    todo = [one for one in todo if one.name not in rows]
    print(HEAD, flush=True)
    for one, row in rows_of(todo, quick, jobs):
        if isinstance(row, str):
            print(f"| `{one.interval}` | {one.truth} | skipped: {row} | | | | |", flush=True)
            continue
        rows[one.name] = row
        keep(one.name, row)
        print(line(one, row), flush=True)
    return rows


def measure(quick):
    main([], quick=quick)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("words", nargs="*", help="only checks whose name contains one of these")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--jobs", type=int, default=1, help="checks that run at a time")
    given = parser.parse_args()
    assert given.write is False or not given.quick, "the page is made of full runs only"
    rows = main(given.words, quick=given.quick, resume=given.resume, jobs=given.jobs)
    if given.write:
        standing = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
        PAGE.write_text(page(rows, standing), encoding="utf-8")
