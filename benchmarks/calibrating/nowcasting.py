"""Nowcasts: simulated reporting of six kinds, and three public outbreaks whose final counts are known."""

import numpy as np

from analytics_nowcast import dengue, germany, hus
from calibrating import NOMINAL, REAL, check
from calibrating.reporting import FIRST_SEED, KINDS, simulate
from lianfang.analytics.nowcast import nowcast, triangle_from_matrix
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
