"""Simulated outbreaks in hospitals with known chains: a few patients infect many, on a few days, in wards they pass through.

Each differs in hospitals, dispersion, how far a patient's victims share their days, windows of exposure and what is known. A
case infects by the laws that the method is told; who infects how many, where and on which days is drawn anew. Even seeds
were used while the method was built, odd seeds only to report.
"""

from dataclasses import dataclass

import numpy as np

from lianfang.analytics.chains import Exposure, Interval


@dataclass
class WardOutbreak:
    onset: np.ndarray
    source: np.ndarray  # index of the infector among the seen cases, -1 if none of them
    place: list
    start: np.ndarray
    end: np.ndarray
    removed: np.ndarray
    incubation: Interval
    infectiousness: Interval
    interval: Interval
    settings: dict

    def exposure(self, *, windows):
        """Return what the method is told: places alone, or windows and ends of infectiousness too."""
        if not windows:
            return Exposure(place=self.place)
        return Exposure(start=self.start, end=self.end, removed=self.removed, place=self.place,
                        incubation=self.incubation, infectiousness=self.infectiousness)  # fmt: skip


def draw_settings(rng):
    return {
        "hospitals": int(rng.integers(3, 11)),
        "r": rng.uniform(1.5, 3.0),
        "k": float(np.exp(rng.uniform(np.log(0.05), np.log(0.6)))),
        "events": float(
            np.exp(rng.uniform(np.log(0.1), np.log(5)))
        ),  # small: all victims of a patient on one day
        "incubation": (rng.uniform(4, 8), rng.uniform(0.35, 0.6)),
        "infectious": (rng.uniform(3, 7), rng.uniform(0.4, 0.7)),
        "own": rng.uniform(0.3, 0.8),  # share of events where the patient was infected
        "slack": int(rng.integers(1, 5)),
        "windows": rng.uniform(0.5, 1.0),
        "isolated": rng.uniform(5, 14),
        "seen": rng.uniform(0.85, 1.0),
    }


def simulate(seed, size=(40, 150)):
    rng = np.random.default_rng(10_000 + seed)
    for _ in range(2000):
        outbreak = _grow(rng, draw_settings(rng), size)
        if outbreak is not None:
            return outbreak
    raise RuntimeError(f"no outbreak of {size} cases in 2000 tries (seed {seed})")


def _gamma(rng, mean, cv):
    return rng.gamma(1 / cv**2, mean * cv**2)


def _grow(rng, s, size):
    infected, onset, source, place = [0.0], [_gamma(rng, *s["incubation"])], [-1], [0]
    removed, at = [], 0
    while at < len(onset):
        removed.append(onset[at] + max(_gamma(rng, s["isolated"], 0.4), 2.0))
        days, halls, counts = [], [], []
        for _ in range(rng.negative_binomial(s["k"], s["k"] / (s["k"] + s["r"]))):
            if rng.random() < s["events"] / (s["events"] + sum(counts)):
                own = rng.random() < s["own"]
                days.append(onset[at] + _gamma(rng, *s["infectious"]))
                halls.append(place[at] if own else int(rng.integers(s["hospitals"])))
                counts.append(0)
                event = len(counts) - 1
            else:
                event = int(rng.choice(len(counts), p=np.array(counts) / sum(counts)))
            counts[event] += 1
            if days[event] > removed[at]:
                continue
            infected.append(days[event])
            onset.append(days[event] + _gamma(rng, *s["incubation"]))
            source.append(at)
            place.append(halls[event])
        at += 1
        if len(onset) > size[1]:
            return None
    if len(onset) < size[0]:
        return None
    return _seen(rng, s, np.array(infected), np.array(onset), source, place, np.array(removed))


def _seen(rng, s, infected, onset, source, place, removed):
    kept = np.flatnonzero(rng.random(len(onset)) < s["seen"])
    kept = kept[np.argsort(onset[kept])]
    new = {int(old): at for at, old in enumerate(kept)}
    n = len(kept)
    told = rng.random(n) < s["windows"]
    day = np.floor(infected[kept])
    start = np.where(told, day - rng.integers(0, s["slack"] + 1, n), np.nan)
    end = np.where(told, np.minimum(day + rng.integers(0, s["slack"] + 1, n), np.floor(onset[kept])), np.nan)
    laws = [Interval.gamma(mean, mean * cv) for mean, cv in (s["incubation"], s["infectious"])]
    moments = [(mean, (mean * cv) ** 2) for mean, cv in (s["incubation"], s["infectious"])]
    return WardOutbreak(
        onset=np.floor(onset[kept]),
        source=np.array([new.get(source[old], -1) for old in kept]),
        place=[f"hospital {place[old]}" if rng.random() < 0.9 else None for old in kept],
        start=start,
        end=end,
        removed=np.floor(removed[kept]),
        incubation=laws[0],
        infectiousness=laws[1],
        interval=Interval.gamma(sum(m for m, _ in moments), sum(v for _, v in moments) ** 0.5),
        settings=s | {"n": n},
    )
