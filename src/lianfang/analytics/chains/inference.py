"""Chains of transmission from field data: the one call of this package."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from lianfang.analytics.chains.candidates import Candidates, find_candidates
from lianfang.analytics.chains.evidence import Exposure, Interval, Ints, pair_set
from lianfang.analytics.chains.posterior import ChainPosterior, find_circle
from lianfang.analytics.chains.sampling import Draws, Setting, run
from lianfang.analytics.inputs import (
    Floats,
    as_floats,
    as_labels,
    as_number,
    as_times,
    as_whole,
    complain,
    digest,
)
from lianfang.analytics.result import Provenance

_special: Any = special  # scipy carries no types
_stats: Any = stats
SOURCE = (
    "Wallinga & Teunis, Am J Epidemiol 2004;160:509-516 (intervals); Jombart et al., PLoS Comput Biol 2014;10:e1003457 "
    "(genomes, unseen cases); Lloyd-Smith et al., Nature 2005;438:355-359 (dispersion); Kenah, Biostatistics 2011;12:548-566 "
    "(rates within households)"
)
OWN_PLACE = (
    0.5  # prior share of transmissions at a place the infector is known to have been, the rest as all cases
)
UNKNOWN_SHARE = 0.05  # prior mean of the share of cases without a known source, beyond the first case
UNKNOWN_SHAPE = 2.0  # gamma prior of their rate: neither all nor none without evidence
FOREIGN_SHAPE = 3.0
PEOPLE_A_CASE = 3.0  # people who could have been infected instead, for each who was: sets what sharing a household is worth
HISTOGRAM = 200


def infer_chains(
    ids: Sequence[Any],
    onset: Any,
    interval: Interval,
    *,
    contacts: Iterable[Sequence[Any]] | None = None,
    traced: Iterable[Sequence[Any]] | None = None,
    household: Sequence[Any] | None = None,
    groups: Mapping[str, Sequence[Any]] | None = None,
    snps: Any = None,
    exposure: Exposure | None = None,
    source_outside: Sequence[bool | None] | None = None,
    fixed: Mapping[Any, Any] | None = None,
    barred: Iterable[Sequence[Any]] | None = None,
    genome_length: float = 10_000.0,
    missed: float = 0.05,
    n_sweeps: int | None = None,
    n_chains: int = 4,
    max_candidates: int = 300,
    seed: int = 1,
) -> ChainPosterior:
    """Return, for every case, the probability of each possible infector and of an unknown source.

    Formula: onsets are a branching point process: case i infects at rate R_i f(t - t_i), with R_i gamma distributed of
    dispersion k, unknown sources arrive at a constant rate; evidence on a pair multiplies its rate by
    P(evidence | link) / P(evidence | no link). Within a household or group each member at risk is infected at a rate h f(t - t_i)
    of its own, which competes with the former; h is learnt from the links within and the time that members spent at risk. Where days of infection or places are told, siblings at a place share their days as far
    as the data show it: one event is one piece of evidence on its timing, not one a case. Trees are drawn by
    Gibbs sampling, with moves of whole sibling groups; the probabilities are means of those each draw is made from. R, the
    unknown rate, how often true and chance pairs have each kind of evidence, and the mutations per step are learnt from
    the data in the same run. k is learnt from links that evidence singles out (a named source, genomes, the only contact), a
    thinned part of all and so of the same k; without them it keeps its prior. Links within households and groups teach nothing of it.

    Parameters
    ----------
    ids, onset
        Cases and their days of onset (numbers; for dates take days since any origin). All needed.
    interval
        Serial interval, `Interval.gamma(mean, sd)` or, with transmission before symptoms, `Interval.normal(mean, sd)`.
    contacts
        Pairs of ids that met, without direction. A missing contact counts (a little) against a link.
    traced
        Pairs (infector, infectee) that investigators named; they can be wrong, and how often is learnt.
    household
        Label per case, None unknown. Of the members only the cases need be known: who never fell ill is not counted as at risk.
    groups
        The same for other settings to which a case belongs, by name: `{"class": [...], "workplace": [...]}`. Where a case
        was infected is not a group but `exposure.place`.
    snps
        n x n genetic distances, NaN where one has no sequence.
    genome_length
        Number of sites compared; only its order of magnitude matters.
    exposure
        Windows, places and end of infectiousness; see `Exposure`. The place where a case was infected lets "this person
        infected others there before" count.
    source_outside
        True where the source is known to be elsewhere (imported), False where it is known to be among the cases.
    fixed
        Case -> its source as decided, None where decided to be outside. Every tree drawn has these links, and what they say
        about other cases, R and k is in the posterior.
    barred
        Pairs (infector, infectee) decided not to be links; no tree drawn has them.
    missed
        Share of links with one unseen case between.
    n_sweeps, n_chains
        Kept sweeps of each chain (by default 600, from 1000 cases on 100) after half as many dropped.
    max_candidates
        Bound of memory: at most so many candidates a case.
    seed
        Seed of the random draws; same seed, same result.

    Raises
    ------
    ValueError
        Fixed links that are barred or close a circle; missing onset or unequal lengths, unknown or doubled ids, an empty
        case list, distances that are no matrix.

    Notes
    -----
    Source: see `SOURCE`; the combination and the learning of evidence rates are this project's own and are checked for
    calibration in `benchmarks/calibration.py`.
    Assumes that cases are nearly all known, evidence is independent given the link, and rates do not change in time.
    Not for proving who infected whom in a dispute, nor for outbreaks of which most cases are unseen: the answer should
    then be, and mostly is, "unknown". Cost: about 1 s per 200 cases after the first call in a process.

    Examples
    --------
    >>> met = [(i, i + 1) for i in range(11)]
    >>> found = infer_chains(range(12), [5 * i for i in range(12)], Interval.gamma(5, 1.5), contacts=met, n_sweeps=400)
    >>> found.candidates(8, 1)[0][0], found.table()["infector"][0] is None
    (7, True)
    """
    names, days = _cases(ids, onset)
    index = {name: i for i, name in enumerate(names)}
    shown = exposure or Exposure()
    evidence = _evidence(index, contacts, traced)
    settings = _settings(household, groups or {}, len(names))
    held, never = _decided(index, fixed or {}, barred or ())
    distances = _distances(snps, len(names))
    table = find_candidates(
        days,
        interval,
        shown,
        list(evidence.values()),
        list(settings.values()),
        snps=distances,
        fixed={j: i for j, i in held.items() if i >= 0},
        barred=never,
        max_candidates=max_candidates,
    )
    setting = _setting(
        table,
        days,
        interval,
        shown,
        evidence=evidence,
        distances=distances,
        imported=_imported(source_outside, held, len(names)),
        held=held,
        missed=as_number("missed", missed, low=0, high=0.9),
        genome_length=as_number("genome_length", genome_length, low=100),
    )
    kept = as_whole("n_sweeps", (600 if len(names) < 1000 else 100) if n_sweeps is None else n_sweeps, low=10)
    runs = _run_chains(setting, kept, as_whole("n_chains", n_chains, low=2), seed)
    limits = {"missed": missed, "n_sweeps": kept, "n_chains": n_chains, "max_candidates": max_candidates}
    kinds = [*evidence, *settings]
    decided = {"decided": f"{len(held)} fixed, {len(never)} barred"}
    provenance = _provenance(limits, _inputs(days, interval, kinds) | decided, seed)
    told: dict[str, Any] = {"kept": kept, "kinds": kinds, "has_snps": distances is not None}
    return _posterior(names, days, table, runs, provenance=provenance, **told)


def _provenance(parameters: dict[str, Any], inputs: dict[str, str], seed: int) -> Provenance:
    method = "who infected whom, Gibbs sampling of trees"
    return Provenance(method=method, source=SOURCE, parameters=parameters, inputs=inputs, seed=seed)


def _inputs(onset: Floats, interval: Interval, evidence: Iterable[str]) -> dict[str, str]:
    return {"onset": digest(onset), "interval": digest(interval.pmf), "evidence": ",".join(evidence)}


def _cases(ids: Sequence[Any], onset: Any) -> tuple[tuple[Any, ...], Floats]:
    names = tuple(as_labels(ids))
    if not names:
        raise complain("ids", "at least one case", names)
    if len(set(names)) < len(names):
        doubled = next(name for i, name in enumerate(names) if name in names[:i])
        raise complain("ids", "all different", doubled)
    days = as_times("onset", onset)
    if days.shape != (len(names),):
        raise complain("onset", f"one day for each of {len(names)} cases", days.shape)
    bad = np.flatnonzero(~np.isfinite(days))
    if bad.size:
        rule = "a day for every case (take the day of report less the usual delay where onset is unknown)"
        raise complain(f"onset of {names[bad[0]]}", rule, float(days[bad[0]]))
    return names, days


def _same_label(parameter: str, labels: Sequence[Any], n: int) -> set[int]:
    if len(labels) != n:
        raise complain(parameter, f"one label for each of {n} cases", len(labels))
    groups: dict[Any, list[int]] = {}
    for i, label in enumerate(labels):
        if label is not None:
            groups.setdefault(label, []).append(i)
    return {i * n + j for members in groups.values() for i in members for j in members if i != j}


def _distances(snps: Any, n: int) -> Floats | None:
    if snps is None:
        return None
    matrix = as_floats("snps", snps)
    if matrix.shape != (n, n):
        raise complain("snps", f"a {n} x {n} matrix", matrix.shape)
    if (matrix[np.isfinite(matrix)] < 0).any():
        raise complain("snps", "distances of 0 or more", float(np.nanmin(matrix)))
    return matrix


def _has_window(exposure: Exposure, n: int) -> Any:
    """Return for each case whether a first or a last day of its exposure is stated."""
    stated = [column for column in (exposure.start, exposure.end) if column is not None]
    return np.any(
        [~np.isnan(as_times("exposure", column)) for column in stated] or [np.zeros(n, bool)], axis=0
    )


def _places(exposure: Exposure, n: int) -> tuple[Any, Floats, Floats]:
    """Return place codes (-1 unknown), each infector's prior share by place, and the share of cases by place."""
    labels = [None] * n if exposure.place is None else as_labels(exposure.place)
    more = [()] * n if exposure.also_at is None else [tuple(row) for row in exposure.also_at]
    for name, column in (("exposure.place", labels), ("exposure.also_at", more)):
        if len(column) != n:
            raise complain(name, f"one entry for each of {n} cases", len(column))
    code: dict[Any, int] = {}
    for label in labels:
        if label is not None:
            code.setdefault(label, len(code))
    place = np.array([-1 if label is None else code[label] for label in labels], dtype=np.int64)
    share = (np.bincount(place[place >= 0], minlength=len(code)) + 1.0) / (
        (place >= 0).sum() + len(code) + 1e-9
    )
    home = np.tile(share, (n, 1))
    for i in range(n):
        own = {code[label] for label in (labels[i], *more[i]) if label in code}
        if own:
            home[i] *= 1 - OWN_PLACE
            home[i, list(own)] += OWN_PLACE / len(own)
    return place, home, share


def _evidence(
    index: dict[Any, int],
    contacts: Iterable[Sequence[Any]] | None,
    traced: Iterable[Sequence[Any]] | None,
) -> dict[str, set[int]]:
    """Return the pairs that each kind of evidence speaks for, the kinds that were given only."""
    evidence: dict[str, set[int]] = {}
    if contacts is not None:
        evidence["contact"] = pair_set("contacts", contacts, index, directed=False)
    if traced is not None:
        evidence["traced"] = pair_set("traced", traced, index, directed=True)
    return evidence


def _settings(
    household: Sequence[Any] | None, groups: Mapping[str, Sequence[Any]], n: int
) -> dict[str, set[int]]:
    """Return the pairs that belong to the same household, class or the like, by setting."""
    settings: dict[str, set[int]] = {}
    for name, labels in ({"household": household} | dict(groups)).items():
        if name in {"contact", "traced"}:
            raise complain("groups", "names other than contact and traced", name)
        if labels is not None:
            settings[name] = _same_label(name, as_labels(labels), n)
    return settings


def _setting(
    table: Candidates,
    onset: Floats,
    interval: Interval,
    exposure: Exposure,
    *,
    evidence: Iterable[str],
    distances: Floats | None,
    imported: Ints,
    held: dict[int, int],
    missed: float,
    genome_length: float,
) -> Setting:
    n = len(onset)
    place, home, share = _places(exposure, n)
    # Two whom one case infected were at one event only where a place or a window says when and where they were.
    told = (place >= 0) | _has_window(exposure, n)
    falls_ill = np.where(told[:, None], table.course.falls_ill, 0.0)
    return Setting(
        start=table.start,
        infector=table.infector.astype(np.int64),
        direct=table.direct,
        indirect=table.indirect,
        flags=table.flags.astype(np.float64),
        shared=table.shared.astype(np.float64),
        at_risk=table.at_risk,
        population=PEOPLE_A_CASE * n,
        snps=table.snps,
        # probability of this very genome, not of any genome so far away: every site differs with mutations / length
        log_sites=float(np.log(genome_length)),
        infects=table.course.infects,
        infects_from=table.course.infects_from,
        falls_ill=falls_ill,
        ill_from=table.course.ill_from,
        log_foreign=_log_foreign(table, distances, genome_length) + table.log_window,
        exposed=np.maximum(interval.up_to(onset.max() - onset), 1e-6),
        shares_days=bool(falls_ill.any()),
        points=_points(table, list(evidence), [j for j, i in held.items() if i >= 0]),
        n_possible=float(table.n_possible),
        n_flagged=np.atleast_1d(table.n_flagged).astype(np.float64),
        place=place,
        home=home,
        place_share=share,
        imported=imported,
        held=np.array([held.get(j, -1) >= 0 for j in range(n)]),
        span=max(float(onset.max() - onset.min()), 1.0) + 1.0,
        missed=missed,
        expected_unknown=1.0 + UNKNOWN_SHARE * n,
        unknown_shape=UNKNOWN_SHAPE,
        may_cycle=_may_cycle(table, onset),
    )


def _points(table: Candidates, kinds: Sequence[str], held: Sequence[int]) -> NDArray[np.bool_]:
    """Return which candidates evidence singles out, as the source named or decided, by genomes, or as the one contact of a case.

    What these links say of k is learnt: they are a part of all that hardly depends on how many a case infected. Among
    several contacts of a case the onset would choose, and a wave chooses few for many.
    """
    infectee = np.repeat(np.arange(len(table.start) - 1), np.diff(table.start))
    flags = dict(zip(kinds, (table.flags > 0).T, strict=True))
    no_flag = np.zeros(len(infectee), dtype=bool)
    met = flags.get("contact", no_flag)
    alone = met & (np.bincount(infectee[met], minlength=len(table.start) - 1)[infectee] == 1)
    named = flags.get("traced", no_flag) | np.isin(infectee, held)
    return np.asarray(alone | named | (table.snps >= 0), dtype=bool)


def _imported(source_outside: Sequence[bool | None] | None, held: dict[int, int], n: int) -> Ints:
    outside = [None] * n if source_outside is None else as_labels(source_outside)
    if len(outside) != n:
        raise complain("source_outside", f"one entry for each of {n} cases", len(outside))
    imported = np.array([0 if value is None else 1 if value else -1 for value in outside], dtype=np.int64)
    for j, i in held.items():
        imported[j] = 1 if i < 0 else -1
    return imported


def _decided(
    index: dict[Any, int], fixed: Mapping[Any, Any], barred: Iterable[Sequence[Any]]
) -> tuple[dict[int, int], set[int]]:
    """Return the source of each decided case (-1 outside), and the barred pairs as numbers."""
    never = pair_set("barred", barred, index, directed=True)
    for case in fixed:
        if case not in index:
            raise complain("fixed", "ids of cases", case)
    links = [(source, case) for case, source in fixed.items() if source is not None]
    codes = pair_set("fixed", links, index, directed=True)
    if codes & never:
        raise complain("fixed", "no pair that is barred", sorted(codes & never))
    held = {index[case]: -1 if source is None else index[source] for case, source in fixed.items()}
    if find_circle(np.array([held.get(j, -1) for j in range(len(index))])):
        raise complain("fixed", "links that close no circle", dict(fixed))
    return held, never


def _log_foreign(table: Candidates, distances: Floats | None, genome_length: float) -> Floats:
    """Return log P(this genome) for a case whose source is not among the cases; 0 where there is no genome.

    Its distance to the nearest candidate is negative binomial with mean the 90% point of all distances and shape
    `FOREIGN_SHAPE`: a lineage from elsewhere is about as far as any other, and seldom the same. The nearest candidate
    and not the nearest case: else an unknown source would get for free what an infector has to explain.
    """
    log_probability = np.zeros(len(table.start) - 1)
    apart = np.array([]) if distances is None else distances[~np.eye(len(distances), dtype=bool)]
    apart = apart[np.isfinite(apart)]
    if apart.size == 0:
        return log_probability
    mean = max(float(np.quantile(apart, 0.9)), 1.0)
    law = _stats.nbinom(FOREIGN_SHAPE, FOREIGN_SHAPE / (FOREIGN_SHAPE + mean))
    for j in range(len(log_probability)):
        near = table.snps[table.start[j] : table.start[j + 1]]
        near = near[near >= 0]
        if near.size:
            d = float(np.round(near.min()))
            log_probability[j] = law.logpmf(d) + _special.gammaln(d + 1) - d * np.log(genome_length)
    return log_probability


def _may_cycle(table: Candidates, onset: Floats) -> bool:
    infectee = np.repeat(np.arange(len(onset)), np.diff(table.start))
    return bool((onset[table.infector] >= onset[infectee]).any())


def _run_chains(setting: Setting, kept: int, n_chains: int, seed: int) -> list[Draws]:
    n, n_kinds = len(setting.place), setting.flags.shape[1]
    runs = []
    for stream in np.random.SeedSequence(seed).spawn(n_chains):
        draws = Draws(
            pair=np.zeros(len(setting.infector)),
            unknown=np.zeros(n),
            generation=np.zeros(n),
            offspring_histogram=np.zeros(HISTOGRAM + 1),
            k=np.zeros(kept),
            reproduction=np.zeros(kept),
            sensitivity=np.zeros((kept, n_kinds)),
            within=np.zeros((kept, setting.shared.shape[1])),
            mutations=np.zeros(kept),
            events=np.zeros(kept),
        )
        run(setting, draws, max(kept // 2, 5), kept, np.random.default_rng(stream))
        runs.append(draws)
    return runs


def _posterior(
    names: tuple[Any, ...],
    onset: Floats,
    table: Candidates,
    runs: list[Draws],
    *,
    kept: int,
    kinds: list[str],
    provenance: Provenance,
    has_snps: bool,
) -> ChainPosterior:
    total = kept * len(runs)

    def mean(name: str) -> Floats:
        return np.asarray(sum(getattr(one, name) for one in runs) / total)

    half = len(runs) // 2
    first = sum(one.pair for one in runs[:half]) / (kept * half)
    second = sum(one.pair for one in runs[half:]) / (kept * (len(runs) - half))
    histogram = mean("offspring_histogram")
    learnt: Mapping[str, float] = dict(
        zip(
            kinds,
            np.concatenate([np.hstack([one.sensitivity, one.within]) for one in runs]).mean(axis=0).tolist(),
            strict=True,
        )
    )
    return ChainPosterior(
        ids=names,
        onset=onset,
        start=table.start,
        infector=table.infector,
        probability=mean("pair"),
        unknown=mean("unknown"),
        generation=mean("generation"),
        offspring=np.asarray(
            np.bincount(table.infector, mean("pair"), minlength=len(names)), dtype=np.float64
        ),
        offspring_share=np.trim_zeros(histogram / histogram.sum(), "b"),
        k=np.concatenate([one.k for one in runs]),
        reproduction=np.concatenate([one.reproduction for one in runs]),
        sensitivity=dict(learnt),
        mutations=float(np.concatenate([one.mutations for one in runs]).mean()) if has_snps else None,
        disagreement=float(np.abs(first - second).max(initial=0.0)),
        provenance=provenance,
    )
