"""What is known of a treatment from patients on file: deaths of treated and untreated days compared, or a refusal.

A proportional hazards model in counting-process form (Andersen and Gill, Ann Stat 1982;10:1100-1120), estimated by
statsmodels. A patient counts as untreated until the day on which the treatment begins, and as treated from then on:
whoever had to live long enough to be given it does not owe it that time (immortal time; Suissa, Am J Epidemiol
2008;167:492-499). Discharge ends the time at risk; the ratio is of the hazard of dying in hospital.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Fewer deaths in either group, or for each number that is estimated, than this: no figure.
FEWEST_DEATHS = 5
DEATHS_A_NUMBER = 10
# More patients than this without one of the covariates: those who are left may not be like the rest.
MOST_MISSING = 0.2


class Refused(StrEnum):
    """Why nothing is said."""

    FEW_DEATHS = "few_deaths"
    FEW_FOR_ADJUSTMENT = "few_for_adjustment"
    MISSING = "missing"
    NO_ESTIMATE = "no_estimate"


@dataclass(frozen=True, kw_only=True)
class Effect:
    """Hazard ratio of death, treated against untreated days, adjusted; or why none is given.

    `crude` is the ratio without covariates; `ever_never` the one of ever against never treated, which counts the time
    before the treatment for it and is shown as the mistake that it is. `missing` counts patients by covariate.
    """

    n: int
    n_treated: int
    deaths: int
    deaths_treated: int
    adjusted_for: tuple[str, ...]
    missing: Mapping[str, int]
    n_left_out: int
    refused: str = ""
    ratio: tuple[float, float, float] | None = None  # estimate, low, high (95 %)
    crude: tuple[float, float, float] | None = None
    ever_never: float | None = None


def treatment_effect(
    days: Any, died: Any, treated_from: Any, covariates: Mapping[str, Sequence[Any]] | None = None
) -> Effect:
    """Return the effect on the hazard of death in hospital.

    Parameters
    ----------
    days
        From admission to death, discharge or today, one a patient, above 0.
    died
        Whether the patient died at the end.
    treated_from
        Days from admission to the beginning of the treatment; NaN for never, negative for begun before.
    covariates
        By name, numbers known at admission; NaN where not known. What came after admission may be an effect.

    Raises ValueError for unequal lengths and for days that are not above 0.
    """
    end, event, begun = np.asarray(days, float), np.asarray(died, bool), np.asarray(treated_from, float)
    given = {name: np.asarray(column, float) for name, column in (covariates or {}).items()}
    if len({len(end), len(event), len(begun), *map(len, given.values())}) != 1:
        raise ValueError("days, died, treated_from and covariates must be equally long.")
    if not (end > 0).all():
        raise ValueError(f"days must be above 0. Got {end.min() if end.size else end!r}.")
    # A treatment that began at or after the end was never at work.
    begun = np.where(begun < end, np.maximum(begun, 0), np.nan)
    missing = {name: int(np.isnan(column).sum()) for name, column in given.items()}
    known = (
        ~np.isnan(np.stack(list(given.values()), axis=1)).any(axis=1) if given else np.ones(len(end), bool)
    )
    # What does not vary cannot be adjusted for.
    used = {name: c[known] for name, c in given.items() if known.any() and np.ptp(c[known]) > 0}
    end, event, begun = end[known], event[known], begun[known]
    treated = ~np.isnan(begun)
    told: dict[str, Any] = {
        "n": len(end),
        "n_treated": int(treated.sum()),
        "deaths": int(event.sum()),
        "deaths_treated": int((event & treated).sum()),
        "adjusted_for": tuple(used),
        "missing": missing,
        "n_left_out": int((~known).sum()),
    }
    if known.size and (~known).mean() > MOST_MISSING:
        return Effect(**told, refused=Refused.MISSING)
    if min(told["deaths_treated"], told["deaths"] - told["deaths_treated"]) < FEWEST_DEATHS:
        return Effect(**told, refused=Refused.FEW_DEATHS)
    if told["deaths"] < DEATHS_A_NUMBER * (1 + len(used)):
        return Effect(**told, refused=Refused.FEW_FOR_ADJUSTMENT)
    spells = _spells(end, event, begun)
    columns = np.stack(list(used.values()), axis=1) if used else np.empty((len(end), 0))
    ratio = _ratio(*spells[:4], columns[spells[4]])
    if ratio is None:
        return Effect(**told, refused=Refused.NO_ESTIMATE)
    crude = _ratio(*spells[:4], np.empty((len(spells[0]), 0))) if used else ratio
    zero = np.zeros(len(end))
    naive = _ratio(zero, end, event, treated.astype(float), np.empty((len(end), 0)))
    return Effect(
        **told,
        ratio=ratio,
        crude=crude,
        ever_never=naive[0] if naive else None,
    )


def _spells(
    end: Floats, event: NDArray[np.bool_], begun: Floats
) -> tuple[Floats, Floats, NDArray[np.bool_], Floats, NDArray[np.int64]]:
    """Return entry, exit, death, treated and patient of each spell: the untreated one before, the treated one after."""
    rows = np.arange(len(end))
    switches = begun > 0  # NaN is not
    first_end = np.where(switches, begun, end)
    entry = np.concatenate([np.zeros(len(end)), begun[switches]])
    leave = np.concatenate([first_end, end[switches]])
    dies = np.concatenate([event & ~switches, event[switches]])
    on = np.concatenate([(begun == 0).astype(float), np.ones(int(switches.sum()))])
    return entry, leave, dies, on, np.concatenate([rows, rows[switches]])


def _ratio(
    entry: Floats, leave: Floats, dies: NDArray[np.bool_], on: Floats, columns: Floats
) -> tuple[float, float, float] | None:
    """Return the hazard ratio of `on` with its 95 % interval; None where the data do not determine it."""
    from statsmodels.duration.hazard_regression import PHReg  # noqa: PLC0415 - slow to start

    scale = columns.std(axis=0) if columns.size else np.ones(columns.shape[1])
    scaled = (columns - columns.mean(axis=0)) / np.where(scale > 0, scale, 1) if columns.size else columns
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            model = PHReg(
                leave, np.column_stack([on, scaled]), status=dies.astype(int), entry=entry, ties="efron"
            )
            fit = model.fit(disp=0)
        except (np.linalg.LinAlgError, Warning, ValueError, FloatingPointError):
            return None
    log_ratio, error = float(fit.params[0]), float(fit.bse[0])
    if not np.isfinite([log_ratio, error]).all() or error > 3:
        return None
    low, high = log_ratio - 1.959964 * error, log_ratio + 1.959964 * error
    return float(np.exp(log_ratio)), float(np.exp(low)), float(np.exp(high))
