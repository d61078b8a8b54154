"""The night's outlook for all counties at once: Rt, the next weeks, what is late in coming in, and how past runs did.

A run is kept like every run of the outlook (inputs, version, seed, digest); what is a row an area lies beside the mart
in Parquet, named by the run. Runs of one and two weeks ago are scored against what came, and the score is a part of
this run's result: nobody reads a forecast here without it.
"""

import time
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy import special

from lianfang.analytics import forecast, forecast_renewal, rt, scoring
from lianfang.core.registry.models import Place
from lianfang.core.rules import site_rules
from lianfang.outlook.inference import moments
from lianfang.outlook.models import Run, RunStatus, Study
from lianfang.outlook.runs import digest_of, keep_run
from lianfang.outlook.scores import score_of
from lianfang.regions.early_warning import Rising
from lianfang.regions.mart import Mart
from lianfang.regions.nowcasts import AGES, Nowcasts, nowcasts_of
from lianfang.regions.panel import Panel
from lianfang.regions.run_files import read_file, remove_unreferenced, write_file
from lianfang.rulebook.kinds.care import NaturalHistoryParameters

METHOD = "areas"
VERSION = "areas 5"
SEED = 20200126
LEVELS = (0.025, 0.25, 0.5, 0.75, 0.975)
WEEKS_AHEAD = 2
_LEAST_WEEKS = 5
_ACTIVE_DAYS = 28
_DRAWS = 2_000
_LONGEST = 31
_NEAR = 3
_special: Any = special  # scipy carries no types
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """What a run found, areas in the order of the panel: Rt of each day, and the quantiles of the next weeks.

    `rt` has mean, low, high, above_one, each (days, areas), NaN where nothing can be said. `ahead` is (areas, weeks,
    levels), NaN for areas without a case in four weeks: for these the forecast would be that nothing changes.
    """

    areas: tuple[str, ...]
    last: date
    rt: dict[str, Floats]
    ahead: Floats
    baseline: Floats
    nowcasts: Nowcasts | None = None

    @property
    def rising(self) -> Rising:
        """What early warning needs."""
        return Rising(above_one=self.rt["above_one"], mean=self.rt["mean"])


def serial_interval(disease: str, day: date) -> Floats | None:
    """Return the serial interval of the disease by lag in days, or None where the pack has none."""
    book, rule_id = site_rules(), f"{disease}/natural_history"
    if rule_id not in book.rule_ids():
        return None
    edition = book.find(rule_id, at=day) or book.editions(rule_id)[0]
    law = edition.of(NaturalHistoryParameters).serial_interval
    return np.asarray(rt.discretise_serial_interval(*moments(law), _LONGEST), dtype=np.float64)


def look_ahead(panel: Panel, interval: Floats | None, usable: Flags | None = None) -> Outlook:
    """Return Rt by day and the forecast of the next weeks for every area of the panel.

    `usable` is false on days that are the work of desks: what came in a batch says nothing of the week ahead.
    """
    counts = np.maximum(panel["confirmed"], 0).astype(np.float64)
    if usable is not None:
        counts = without_desks(counts, usable)
    shape = counts.shape
    parts = {name: np.full(shape, np.nan) for name in ("mean", "low", "high", "above_one")}
    active = np.flatnonzero(counts.sum(axis=0) > 0)
    if interval is not None and active.size and shape[0] > 2 * 7:
        _fill_rt(parts, counts[:, active], active, interval)
    ahead = np.full((shape[1], WEEKS_AHEAD, len(LEVELS)), np.nan)
    baseline = ahead.copy()
    recent = np.flatnonzero(counts[-_ACTIVE_DAYS:].sum(axis=0) > 0)
    if recent.size and len(counts) >= 7 * _LEAST_WEEKS:
        ahead[recent], baseline[recent] = weeks_ahead(counts[:, recent], interval)
    return Outlook(areas=panel.areas, last=panel.last, rt=parts, ahead=ahead, baseline=baseline)


def weeks_ahead(daily: Floats, interval: Floats | None) -> tuple[Floats, Floats]:
    """Return the quantiles of the next weeks by the forecast, and those of "as it is now", each (areas, weeks, levels).

    The forecast is the mean, quantile by quantile, of the renewal of all areas together (of damped trends where nothing
    is known of the serial interval) and of "as it is now": half of each was better than either on nearly everything that it
    was tried on (`docs/explanation/areas.md`), and its ranges hold when a wave begins.
    """
    weekly = weeks_of(daily)
    if interval is None:
        ahead = forecast.forecast(weekly, horizon=WEEKS_AHEAD, levels=LEVELS).quantiles
    else:
        ahead = forecast_renewal.renewal_forecast(
            daily, serial_interval=interval, weeks=WEEKS_AHEAD, levels=LEVELS
        ).quantiles
    flat = forecast.baseline_forecast(
        weekly, horizon=WEEKS_AHEAD, levels=LEVELS, seed=SEED, n_draws=_DRAWS
    ).quantiles
    return (ahead + flat) / 2, flat


def without_desks(counts: Floats, usable: Flags) -> Floats:
    """Return counts in which a day that is not usable has no more than the mean of the usable ones within three days."""
    found = counts.copy()
    for row, area in zip(*np.nonzero(~usable), strict=True):
        near = slice(max(0, row - _NEAR), row + _NEAR + 1)
        kept = counts[near, area][usable[near, area]]
        if kept.size:
            found[row, area] = min(counts[row, area], kept.mean())
    return found


def _fill_rt(parts: dict[str, Floats], counts: Floats, active: NDArray[np.intp], interval: Floats) -> None:
    """Write Rt at the last day of each weekly window; 95 % limits and the probability of being above 1."""
    found = rt.reproduction_number(counts, serial_interval=interval, probabilities=(0.025, 0.5, 0.975))
    is_known = found.status == "estimated"
    rows = np.ix_(found.end, active)
    for name, values in (
        ("mean", found.mean),
        ("low", found.quantile(0.025)),
        ("high", found.quantile(0.975)),
        ("above_one", _above_one(found.mean, found.sd)),
    ):
        parts[name][rows] = np.where(is_known, values, np.nan)


def _above_one(mean: Floats, sd: Floats) -> Floats:
    """Return the probability that R is above 1: the posterior is a gamma distribution with this mean and spread."""
    return np.asarray(_special.gammaincc((mean / sd) ** 2, mean / sd**2))


def weeks_of(counts: Floats) -> Floats:
    """Return the sums of whole weeks that end with the last day, oldest first."""
    whole = len(counts) // 7
    return np.asarray(counts[len(counts) - 7 * whole :].reshape(whole, 7, counts.shape[1]).sum(axis=1))


def keep(study: Study, found: Outlook, panel: Panel, mart: Mart, *, at: datetime, seconds: float) -> Run:
    """Keep the run with its scores of earlier ones, and what it says of each area in a file."""
    inputs = {
        "areas": len(panel.areas),
        "days": panel.n_days,
        "last": panel.last.isoformat(),
        "cases": int(panel["confirmed"].sum()),
    }
    digest = digest_of(VERSION, panel.areas, panel.first.isoformat(), panel["confirmed"].tobytes().hex())
    result = {
        "file": f"outlook-{panel.last.isoformat()}-{digest[:12]}.parquet",
        "last": panel.last.isoformat(),
        "active": int(np.isfinite(found.ahead[:, 0, 0]).sum()),
        "nowcasts": 0 if found.nowcasts is None else int(np.isfinite(found.nowcasts.reported[:, 0]).sum()),
        "scores": scores_of_past(study, panel, mart),
    }
    _write(found, mart.root / "outlooks" / str(result["file"]))
    return keep_run(
        study,
        at=at,
        status=RunStatus.DONE,
        inputs=inputs,
        digest=digest,
        result=result,
        method=VERSION,
        seed=SEED,
        seconds=round(seconds, 3),
    )


def _write(found: Outlook, path: Path) -> None:
    """One row for each area of which something can be said."""
    is_said = np.isfinite(found.ahead[:, 0, 0]) | np.isfinite(found.rt["mean"][-1])
    if found.nowcasts is not None:
        is_said |= np.isfinite(found.nowcasts.reported[:, 0])
    rows = np.flatnonzero(is_said)
    columns: dict[str, Any] = {"area": pa.array([found.areas[n] for n in rows], pa.string())}
    columns |= {f"rt_{name}": pa.array(values[-1, rows]) for name, values in found.rt.items()}
    if found.nowcasts is not None:
        columns["onset_7d"] = pa.array(found.nowcasts.reported[rows].sum(axis=1))
        for age in range(AGES):
            columns[f"onset{age}"] = pa.array(found.nowcasts.reported[rows, age])
            for k, level in enumerate(LEVELS):
                columns[f"now{age}_{level:g}"] = pa.array(found.nowcasts.quantiles[rows, age, k])
        columns["now_7d"] = pa.array(found.nowcasts.quantiles[rows, :, len(LEVELS) // 2].sum(axis=1))
    for kind, table in (("ahead", found.ahead), ("flat", found.baseline)):
        for week in range(WEEKS_AHEAD):
            for k, level in enumerate(LEVELS):
                columns[f"{kind}{week + 1}_{level:g}"] = pa.array(table[rows, week, k])
    write_file(pa.table(columns), path)


def file_of(run: Run, mart: Mart) -> Path:
    """Return the file with what the run says of each area."""
    return mart.root / "outlooks" / str(run.result["file"])


def remove_old_files(study: Study, mart: Mart, *, at: datetime) -> int:
    """Remove the files of runs that are no longer kept; return how many."""
    named = Run.objects.filter(study=study).values_list("result__file", flat=True)
    return remove_unreferenced(mart.root / "outlooks", set(named), at=at)


def scores_of_past(study: Study, panel: Panel, mart: Mart) -> list[dict[str, Any]]:
    """Return how the runs made one and two weeks before the last day did on the weeks that have passed since."""
    found = []
    for week in range(1, WEEKS_AHEAD + 1):
        made_to = panel.last - timedelta(weeks=week)
        run = Run.objects.filter(study=study, result__last=made_to.isoformat()).order_by("-pk").first()
        score = None if run is None else score_run(run, week, panel, mart)
        if run is not None and score is not None:
            found.append({"run": run.pk, "made_to": made_to.isoformat(), "weeks": week, **score})
        late = None if run is None or week < WEEKS_AHEAD else score_nowcasts(run, panel, mart)
        if run is not None and late is not None:
            found.append({"run": run.pk, "made_to": made_to.isoformat(), "weeks": 0, **late})
    return found


def score_nowcasts(run: Run, panel: Panel, mart: Mart) -> dict[str, Any] | None:
    """Return how the nowcast of a run did on what has come in since; the baseline is "nobody is still to be reported"."""
    table = read_file(file_of(run, mart))
    if not run.result.get("nowcasts") or table is None or "onset" not in panel.columns:
        return None
    place = {area: n for n, area in enumerate(panel.areas)}
    said = np.flatnonzero(np.isfinite(table["onset0"].to_numpy()))
    rows = [(n, place[area]) for n in said if (area := table["area"][int(n)].as_py()) in place]
    if not rows:
        return None
    here, there = (np.array(side) for side in zip(*rows, strict=True))
    last = (date.fromisoformat(run.result["last"]) - panel.first).days
    came = np.concatenate([panel["onset"][last - age, there] for age in range(AGES)]).astype(np.float64)
    names = [[f"now{age}_{level:g}" for level in LEVELS] for age in range(AGES)]
    quantiles = np.concatenate(
        [np.column_stack([table[name].to_numpy()[here] for name in row]) for row in names]
    )
    known = np.concatenate([table[f"onset{age}"].to_numpy()[here] for age in range(AGES)])
    return {**score_of(came, quantiles, LEVELS, float(np.abs(came - known).mean())), "n": len(rows)}


def score_run(run: Run, week: int, panel: Panel, mart: Mart, path: str = "") -> dict[str, Any] | None:
    """Return n, WIS of the run and of the baseline of "as it is now", their ratio, and the coverage of both intervals."""
    table = read_file(file_of(run, mart))
    if table is None:
        return None
    place = {area: n for n, area in enumerate(panel.areas)}
    rows = [
        (n, place[area])
        for n, area in enumerate(table["area"].to_pylist())
        if area in place and area.startswith(path)
    ]
    if not rows:
        return None
    here, there = (list(side) for side in zip(*rows, strict=True))
    counts = np.maximum(panel["confirmed"], 0)
    stop = (date.fromisoformat(run.result["last"]) - panel.first).days + 1 + 7 * week
    came = counts[stop - 7 : stop].sum(axis=0)[there].astype(np.float64)
    quantiles = {
        kind: np.column_stack([table[f"{kind}{week}_{level:g}"].to_numpy()[here] for level in LEVELS])
        for kind in ("ahead", "flat")
    }
    is_said = np.isfinite(quantiles["ahead"]).all(axis=1)
    if not is_said.any():
        return None
    flat = scoring.score_quantiles(came[is_said], quantiles["flat"][is_said], LEVELS).mean_wis
    return score_of(came[is_said], quantiles["ahead"][is_said], LEVELS, flat)


def study_of(disease: str) -> Study | None:
    """Return the study of a disease's areas: one for the whole register; None where there are no places."""
    root = Place.objects.order_by("path").first()
    if root is None:
        return None
    study, _ = Study.objects.get_or_create(
        method=METHOD, disease=disease, place=root, defaults={"path": root.path}
    )
    found: Study = study
    return found


def outlook_of(panel: Panel, disease: str, usable: Flags) -> tuple[Outlook, float]:
    """Return the outlook of a panel and the seconds that it took."""
    since = time.perf_counter()
    found = look_ahead(panel, serial_interval(disease, panel.last), usable)
    flows = Mart(disease).flows_in("")
    found = replace(found, nowcasts=nowcasts_of(flows, panel.areas, panel.last, LEVELS))
    return found, time.perf_counter() - since
