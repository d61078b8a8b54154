"""How many of the confirmed would be known to have died by a day if the disease killed all of them: what a fatality adjusted for delay divides by.

Deaths over cases is too low while cases are young. Deaths over this sum is the estimate of `analytics.severity.case_fatality`
(Nishiura et al. 2009). The delay is that from diagnosis to death of the area's own records, or of those of the area above, where there are enough
(`death_delays`); else that from hospital to death of the literature, for a case stands on the day of its diagnosis; where nobody published
it, from onset to death.
"""

import re
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lianfang.analytics.delays import DelayDistribution
from lianfang.analytics.priors import find_priors, published_priors
from lianfang.analytics.severity_counts import log_likelihood, profile

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]
_LONGEST = 91
_QUANTITIES = ("hospitalisation to death", "onset to death")


@lru_cache
def fates_law(disease: str) -> Floats | None:
    """Return the share of deaths that have happened 0, 1, 2, ... days after diagnosis; None where nothing is published."""
    name = next((prior.disease for prior in published_priors() if _is_of(disease, prior.disease)), "")
    for quantity in _QUANTITIES:
        try:
            prior = find_priors(name, quantity)[0]
        except ValueError:
            continue
        if isinstance(prior.distribution, DelayDistribution):
            return np.cumsum(prior.distribution.pmf(_LONGEST))
    return None


def _is_of(disease: str, name: str) -> bool:
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower())
    return disease == plain or disease.startswith(f"{plain}_")


def with_fates(confirmed: NDArray[Any], law: Floats | None) -> Ints:
    """Return for (days, areas) of new cases how many would have died by each day if all did; 0 where no law is known."""
    n_days = len(confirmed)
    if law is None or not n_days:
        return np.zeros(confirmed.shape, dtype=np.int32)
    lag = np.subtract.outer(np.arange(n_days), np.arange(n_days))
    share = np.where(lag >= 0, law[np.clip(lag, 0, len(law) - 1)], 0.0)
    return np.asarray(np.rint(share @ confirmed.astype(np.float64)), dtype=np.int32)


def fatality_interval(died: int, fates: int) -> tuple[float, float] | None:
    """Return the 95-percent interval of deaths among those who would be known to have died: the profile of `analytics.severity`.

    It holds the chance of the deaths, not what is unsure about the delay. None where nobody would be known to have died.
    """
    if fates <= 0 or died > fates:
        return None
    _, low, high = profile(log_likelihood(fates, died, fates, how="binomial", threshold=0))
    return low if died else 0.0, high
