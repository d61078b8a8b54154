"""Nowcasts: simulated reporting of six kinds, and three public outbreaks whose final counts are known."""

import numpy as np

from analytics_nowcast import dengue, germany, hus
from calibrating import NOMINAL, REAL, check, inside_levels
from calibrating.reporting import FIRST_SEED, KINDS, simulate, vintages
from lianfang.analytics.nowcast import nowcast, reported_share, triangle_from_matrix
from lianfang.analytics.scoring import score_quantiles
from measuring import shared


def covered(counts, row, ages, **grid):
    """Return whether the final counts lay inside, for one day of knowledge."""
    result = nowcast(triangle_from_matrix(counts[: row + 1], **grid))
    ages = [age for age in ages if age < len(result.step)]
    scores = score_quantiles(
        [counts[row - age].sum() for age in ages], [result.quantiles[-1 - age] for age in ages]
    )
    where = [int(np.flatnonzero(np.isclose(scores.nominal, nominal))[0]) for nominal in NOMINAL]
    return scores.inside[:, where]


for label, kind in KINDS.items():

    @check("nowcast.nowcast", f"simulated: {label}")
    def simulated(quick, kind=kind):
        for seed in range(FIRST_SEED, FIRST_SEED + (3 if quick else 60)):
            counts = simulate(kind, seed)
            rows = np.linspace(12 if kind == "start" else 40, len(counts) - 1, 6).astype(int)
            weekly = kind == "weekly"
            parts = [
                covered(counts, row, range(6 if weekly else 12), step_days=7 if weekly else 1) for row in rows
            ]
            yield np.concatenate(parts)


for label, load, folder in (
    ("German hospital admissions 2021", germany, "nowcast_germany_hosp_2021"),
    ("STEC patients 2011", hus, "nowcast_hus_2011"),
    ("dengue, Puerto Rico 1990-2003", dengue, "nowcast_dengue_pr"),
):
    for which in ("days of the published comparison", "other days")[: 1 if load is hus else 2]:

        @check("nowcast.nowcast", f"{label}, {which}", kind=REAL, note="final counts, known later")
        def real(quick, load=load, folder=folder, which=which):
            shared(folder)
            counts, first, step, ages, reference, others = load()
            rows = reference if which.startswith("days") else others
            for row in rows[:: 5 if quick else 1]:
                yield covered(counts, row, ages, start=first, step_days=step)


for weekdays, words in ((False, "days differ by chance"), (True, "and reports have weekdays")):

    @check(
        "nowcast.reported_share",
        f"3 to 24 publications, 1 to 7 days apart, {words}",
        note="share between 1 and 99 %",
    )
    def share_by_age(quick, weekdays=weekdays):
        for seed in range(FIRST_SEED, FIRST_SEED + (10 if quick else 200)):
            day, published, count, longest, truth = vintages(seed, weekdays=weekdays)
            start = np.datetime64("2020-01-01")
            found = reported_share(
                start + day.astype(int), start + published.astype(int), count, max_delay=longest
            )
            told = inside_levels(
                truth, lambda level, found=found: tuple(limit[:-1] for limit in found.interval(level))
            )
            yield told[(truth > 0.01) & (truth < 0.99)]
