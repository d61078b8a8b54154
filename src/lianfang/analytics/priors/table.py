"""Published delays and offspring distributions by disease, each with its citation."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import ndtri

from lianfang.analytics.delays.families import FAMILIES, DelayDistribution
from lianfang.analytics.inputs import complain

_FAMILY_NAMES = {"lnorm": "lognormal", "norm": "normal", "nbinom": "negative binomial"}


@dataclass(frozen=True)
class Citation:
    """Where a number was published."""

    authors: str
    year: int
    title: str
    doi: str

    def __str__(self) -> str:
        return f"{self.authors} ({self.year}). {self.title}. doi:{self.doi}"


@dataclass(frozen=True)
class OffspringDistribution:
    """Negative binomial number of infectees a case: its mean (R) and dispersion k; small k is superspreading."""

    mean: float
    dispersion: float


@dataclass(frozen=True)
class Prior:
    """One published quantity.

    `distribution` is a delay in days, or an offspring distribution, or None where the paper's numbers determine none.
    `derived_from` says whether its parameters were published or follow from moments or quantiles.
    """

    disease: str
    pathogen: str
    quantity: str
    distribution: DelayDistribution | OffspringDistribution | None
    derived_from: str
    citation: Citation
    sample_size: int | None
    region: str | None
    is_preferred: bool
    collected: str

    def delay(self) -> DelayDistribution:
        """Return the delay distribution; ValueError where this prior is none."""
        if not isinstance(self.distribution, DelayDistribution):
            raise complain("quantity", "a delay with a published distribution", self.quantity)
        return self.distribution


@lru_cache(maxsize=1)
def published_priors() -> tuple[Prior, ...]:
    """Return the table that ships with the package: COVID-19, SARS, MERS, influenza, measles, smallpox, mpox, Ebola...

    Facts are those of epiparameterDB (CC0) at its commit 0abe211 unless an entry's `collected` says otherwise.
    Source: each entry has its citation. Assumes the population and period of its paper. Not for decisions without reading
    that paper: these are the published values, not the best ones.

    >>> len({prior.disease for prior in published_priors()}) >= 8
    True
    """
    text = (files("lianfang.analytics.priors") / "published.toml").read_text(encoding="utf-8")
    return tuple(_from_table(entry) for entry in tomllib.loads(text)["prior"])


def read_priors(path: Path | str) -> tuple[Prior, ...]:
    """Return the priors of a JSON file laid out as epiparameterDB's `parameters.json`.

    Source: Lambert et al., epiparameterDB; assumptions and limits are those of `published_priors`. Entries without enough numbers for a distribution, or with an offset, are kept, their `distribution` None.
    ValueError names the file if it is no such list.
    """
    entries = json.loads(Path(path).read_text(encoding="utf-8"))
    if not isinstance(entries, list) or not all(isinstance(e, dict) and "disease" in e for e in entries):
        raise complain("path", "a JSON list of epiparameterDB entries", str(path))
    return tuple(_from_epiparameter(entry, str(path)) for entry in entries)


def find_priors(
    disease: str | None = None,
    quantity: str | None = None,
    *,
    among: tuple[Prior, ...] | None = None,
) -> tuple[Prior, ...]:
    """Return the priors of a disease and a quantity, preferred ones first; capitals do not matter.

    Source, assumptions and limits are those of `published_priors`. ValueError lists what there is if nothing fits.

    >>> [prior.citation.year for prior in find_priors("covid-19", "incubation period")]
    [2020, 2020, 2020]
    """
    for name, value in (("disease", disease), ("quantity", quantity)):
        if not isinstance(value, str | None):
            raise complain(name, "a name, or None for all", value)
    pool = published_priors() if among is None else among
    found = [
        prior
        for prior in pool
        if (disease is None or prior.disease.casefold() == disease.casefold())
        and (quantity is None or prior.quantity.casefold() == quantity.casefold())
    ]
    if not found:
        known = sorted({f"{p.disease}: {p.quantity}" for p in pool})
        raise complain("disease, quantity", f"one of {'; '.join(known)}", (disease, quantity))
    return tuple(sorted(found, key=lambda prior: not prior.is_preferred))


def prior_delay(disease: str, quantity: str) -> DelayDistribution:
    """Return the preferred published distribution of a delay.

    Source, assumptions and limits are those of `published_priors`. A serial interval with a normal family can be negative; renewal equations need `.pmf(n, generation=True)`.

    >>> serial = prior_delay("MERS", "serial interval")
    >>> round(serial.mean, 1), round(serial.sd, 1)
    (12.6, 2.8)
    """
    return find_priors(disease, quantity)[0].delay()


def _from_table(entry: Mapping[str, Any]) -> Prior:
    distribution, derived = _distribution(entry["family"], entry)
    return Prior(
        disease=entry["disease"],
        pathogen=entry["pathogen"],
        quantity=entry["quantity"],
        distribution=distribution,
        derived_from=derived,
        citation=Citation(entry["authors"], entry["year"], entry["title"], entry["doi"]),
        sample_size=entry.get("n"),
        region=entry.get("region"),
        is_preferred=entry.get("preferred", False),
        collected=entry.get("collected", "epiparameterDB"),
    )


def _from_epiparameter(entry: Mapping[str, Any], path: str) -> Prior:
    law = entry.get("probability_distribution") or {}
    stated = {**_statistics(entry.get("summary_statistics") or {}), **(law.get("parameters") or {})}
    name = law.get("prob_distribution") or ""
    family = _FAMILY_NAMES.get(name, name)
    distribution, derived = (None, "nothing") if law.get("offset") else _distribution(family, stated)
    about, cited = entry.get("metadata") or {}, entry.get("citation") or {}
    first, *others = cited.get("author") or [{}]
    name_of_first = first.get("family") or first.get("name") or first.get("given") or "Anonymous"
    return Prior(
        disease=entry["disease"],
        pathogen=entry.get("pathogen") or "",
        quantity=entry.get("epi_name") or "",
        distribution=distribution,
        derived_from=derived,
        citation=Citation(
            name_of_first + (" et al." if others else ""),
            int(cited.get("year") or 0),
            cited.get("title") or "",
            cited.get("doi") or "",
        ),
        sample_size=about.get("sample_size"),
        region=about.get("region"),
        is_preferred=False,
        collected=path,
    )


def _statistics(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return the summary statistics under the names of the shipped table."""
    out = {key: summary[key] for key in ("mean", "sd", "median") if summary.get(key) is not None}
    if summary.get("dispersion") is not None:
        out["log_spread"] = summary["dispersion"]
    pairs = [
        (float(name) / 100, float(value))
        for name, value in zip(
            summary.get("quantile_names") or [], summary.get("quantile_values") or [], strict=False
        )
        if value is not None and 0.5 < float(name) / 100 < 1
    ]
    if pairs:
        out["probability"], out["quantile"] = max(pairs)
    return out


def _distribution(
    family: str, stated: Mapping[str, Any]
) -> tuple[DelayDistribution | OffspringDistribution | None, str]:
    """Return the distribution that the stated numbers determine, and from what it follows."""
    if family == "negative binomial":
        known = {"mean", "dispersion"} <= stated.keys()
        offspring = (
            OffspringDistribution(float(stated["mean"]), float(stated["dispersion"])) if known else None
        )
        return offspring, "parameters" if known else "nothing"
    if family not in FAMILIES:
        return None, "nothing"
    first, second = FAMILIES[family].parameters
    if {first, second} <= stated.keys():
        return DelayDistribution(family, float(stated[first]), float(stated[second])), "parameters"
    if {"mean", "sd"} <= stated.keys():
        moments = float(stated["mean"]), float(stated["sd"])
        return DelayDistribution.from_moments(family, *moments), "mean and standard deviation"
    if family == "lognormal" and "median" in stated and stated["median"] > 0:
        return _lognormal_from_median(stated)
    return None, "nothing"


def _lognormal_from_median(stated: Mapping[str, Any]) -> tuple[DelayDistribution | None, str]:
    place = float(np.log(stated["median"]))
    if "log_spread" in stated and stated["log_spread"] > 1:
        spread = float(np.log(stated["log_spread"]))
        return DelayDistribution("lognormal", place, spread), "median and dispersion"
    if "quantile" in stated and stated["quantile"] > stated["median"]:
        spread = float((np.log(stated["quantile"]) - place) / ndtri(stated["probability"]))
        return DelayDistribution("lognormal", place, spread), "median and an upper quantile"
    return None, "nothing"
