"""Published delays and offspring distributions by disease, each with its citation."""

from lianfang.analytics.priors.table import (
    Citation,
    OffspringDistribution,
    Prior,
    find_priors,
    prior_delay,
    published_priors,
    read_priors,
)

__all__ = [
    "Citation",
    "OffspringDistribution",
    "Prior",
    "find_priors",
    "prior_delay",
    "published_priors",
    "read_priors",
]
