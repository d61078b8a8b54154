"""Training the weights: u from random pairs, m by expectation-maximisation on blocked pairs, no labels needed.

Winkler (1988) and Enamorado, Fifield, Imai (2019). In a session the pairs share one key, say the telephone; within it
all other comparisons are estimated, the one of the key is left out because it agrees by construction. What is
missing is left out of a pair's likelihood. Labelled pairs, where a site has them, are counted (`count_labelled`).
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lianfang.core.registry.matching.candidate import Profile
from lianfang.core.registry.matching.comparisons import LEVELS, compare
from lianfang.core.registry.matching.weights import Weights

# What one pair agrees on: ((comparison, level), ...) in the order of the comparisons.
Pattern = tuple[tuple[str, str], ...]
_Table = dict[str, dict[str, float]]

# A level never seen still gets this many pairs: no weight becomes infinite.
_PSEUDO = 0.5
_ITERATIONS = 200
_CONVERGED = 1e-6


@dataclass(frozen=True)
class Session:
    """The result of one session: m of the comparisons that it could estimate, and the pairs it held to be one person."""

    m: _Table
    n_same: float
    share_same: float
    iterations: int


def patterns_of(pairs: Iterable[tuple[Profile, Profile]]) -> Counter[Pattern]:
    """Return how many pairs show each pattern."""
    return Counter(tuple(compare(first, second).items()) for first, second in pairs)


def frequencies(patterns: Mapping[Pattern, float]) -> _Table:
    """Return the share of every level among the pairs on which its comparison speaks."""
    counts: dict[tuple[str, str], float] = {}
    for pattern, n in patterns.items():
        for seen in pattern:
            counts[seen] = counts.get(seen, 0.0) + n
    return _shares(counts, LEVELS)


def count_labelled(
    same: Mapping[Pattern, float], different: Mapping[Pattern, float], *, share_known: float, source: str
) -> dict[str, Any]:
    """Return the table of weights from pairs of which it is known whether they are one person."""
    return _as_table(frequencies(same), frequencies(different), share_known=share_known, source=source)


def fit_session(patterns: Mapping[Pattern, float], start: Weights, u: _Table, *, left_out: str) -> Session:
    """Estimate m on pairs that share the key of the comparison `left_out`, with u held.

    Stops when no m moves by more than 1e-6, or after 200 rounds.
    """
    kept: Counter[Pattern] = Counter()
    for pattern, n in patterns.items():
        kept[tuple(seen for seen in pattern if seen[0] != left_out)] += n  # type: ignore[assignment]
    whats = {what: levels for what, levels in LEVELS.items() if what != left_out}
    m: _Table = {what: dict(start.m[what]) for what in whats}
    total, share, rounds = float(sum(kept.values())), 0.5, 0
    for rounds in range(1, _ITERATIONS + 1):  # noqa: B007 - the number is reported
        counts: dict[tuple[str, str], float] = {}
        same = 0.0
        for pattern, n in kept.items():
            belief = n * _belief(pattern, m, u, share)
            same += belief
            for seen in pattern:
                counts[seen] = counts.get(seen, 0.0) + belief
        new = _shares(counts, whats)
        moved = max(abs(new[what][level] - m[what][level]) for what in whats for level in m[what])
        m, share = new, min(max(same / total, 1e-6), 1 - 1e-6)
        if moved < _CONVERGED:
            break
    return Session(m, share * total, share, rounds)


def fit(
    sessions: Mapping[str, Mapping[Pattern, float]],
    random: Mapping[Pattern, float],
    start: Weights,
    *,
    share_known: float,
    source: str,
) -> dict[str, Any]:
    """Return the table of weights: u from `random` pairs, m from sessions named by the comparison of their key.

    A comparison estimated in several sessions gets their mean, weighted by the pairs held to be one person; one on
    which no pair speaks keeps the weights it had.
    """
    u = _rare_as_before(frequencies(random), random, start)
    done = {
        left_out: fit_session(patterns, start, u, left_out=left_out)
        for left_out, patterns in sessions.items()
    }
    m: _Table = {}
    spoken = {what for pattern in random for what, _level in pattern}
    for what, levels in LEVELS.items():
        if what not in spoken:
            m[what], u[what] = dict(start.m[what]), dict(start.u[what])
            continue
        able = [session for left_out, session in done.items() if left_out != what]
        weight = sum(session.n_same for session in able)
        m[what] = {
            level: sum(session.m[what][level] * session.n_same for session in able) / weight
            for level in levels
        }
    return _as_table(m, u, share_known=share_known, source=source)


def _rare_as_before(u: _Table, random: Mapping[Pattern, float], start: Weights) -> _Table:
    """Return u where levels that no random pair shows keep the starting u if it is smaller.

    No sample of strangers is large enough to show how seldom two of them carry one identity number.
    """
    seen = {one for pattern in random for one in pattern}
    return {
        what: {
            level: share if (what, level) in seen else min(share, start.u[what][level])
            for level, share in levels.items()
        }
        for what, levels in u.items()
    }


def _belief(pattern: Pattern, m: _Table, u: _Table, share: float) -> float:
    same, different = share, 1 - share
    for what, level in pattern:
        same *= m[what][level]
        different *= u[what][level]
    return same / (same + different)


def _shares(counts: Mapping[tuple[str, str], float], whats: Mapping[str, Iterable[str]]) -> _Table:
    """Return each level's share of its group; year-only levels are a group of their own, as they speak on other pairs."""
    table: _Table = {}
    for what, levels in whats.items():
        table[what] = {}
        groups: dict[bool, list[str]] = {}
        for level in levels:
            groups.setdefault(level.startswith("year_only"), []).append(level)
        for group in groups.values():
            total = sum(counts.get((what, level), 0.0) + _PSEUDO for level in group)
            for level in group:
                table[what][level] = (counts.get((what, level), 0.0) + _PSEUDO) / total
    return table


def _as_table(m: _Table, u: _Table, *, share_known: float, source: str) -> dict[str, Any]:
    comparisons = {
        what: {level: [float(f"{m[what][level]:.4g}"), float(f"{u[what][level]:.4g}")] for level in levels}
        for what, levels in LEVELS.items()
    }
    return {"source": source, "share_known": share_known, "comparisons": comparisons}
