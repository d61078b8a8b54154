"""How past runs did on what came: the same few figures for cases, onsets and beds."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lianfang.analytics import scoring


def score_of(
    came: NDArray[np.float64], quantiles: NDArray[np.float64], levels: Sequence[float], baseline: float
) -> dict[str, Any]:
    """Return n, the mean weighted interval score, that of the baseline, their ratio, and how much lay in both intervals.

    `quantiles` is (n, levels). The ratio is None where the baseline made no error: then nothing can be better.
    """
    own = scoring.score_quantiles(came, quantiles, levels)
    return {
        "n": len(came),
        "wis": round(own.mean_wis, 4),
        "baseline_wis": round(baseline, 4),
        "ratio": round(own.mean_wis / baseline, 4) if baseline > 0 else None,
        "inside_50": round(own.coverage(0.5), 4),
        "inside_95": round(own.coverage(0.95), 4),
    }
