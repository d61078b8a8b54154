"""Simulated outbreaks with known chains, for accuracy and calibration of chain inference; written for that, not for realism.

Each differs in dispersion, share of cases seen, introductions, contact tracing and genomes. Even seeds were used while
the method was built, odd seeds only to report.
"""

from dataclasses import dataclass

import numpy as np


@dataclass
class Outbreak:
    onset: np.ndarray
    source: np.ndarray  # index of the infector among the seen cases, -1 if none of them
    contacts: list
    household: list
    place: list
    snps: np.ndarray
    settings: dict


def draw_settings(rng):
    return {
        "r": rng.uniform(1.2, 2.5),
        "k": float(np.exp(rng.uniform(np.log(0.15), np.log(5)))),
        "interval": (rng.uniform(4, 12), rng.uniform(0.3, 0.6)),
        "introductions": int(rng.integers(1, 6)),
        "seen": rng.uniform(0.8, 1.0),
        "contact_recall": rng.uniform(0.3, 0.9),
        "chance_contacts": rng.uniform(0.2, 2.0),
        "mutations": rng.uniform(0.3, 2.0),
        "in_household": rng.uniform(0.1, 0.6),
    }


def simulate(seed, size=60):
    rng = np.random.default_rng(seed)
    for _ in range(500):
        settings = draw_settings(rng)
        outbreak = _grow(rng, settings, size)
        if outbreak is not None:
            return outbreak
    raise RuntimeError(f"no outbreak of {size} cases in 500 tries (seed {seed})")


def _grow(rng, s, size):
    mean, cv = s["interval"]
    shape = 1 / cv**2
    span = 6 * mean
    cases = [(float(rng.uniform(0, span / 2)), -1, k, 1000 + k) for k in range(s["introductions"])]
    genomes = [{("root", k, m) for m in range(rng.poisson(15))} for k in range(s["introductions"])]
    queue, n_place, n_mutation, n_house = list(range(len(cases))), s["introductions"], 0, s["introductions"]
    houses = list(range(len(cases)))
    while queue:
        i = queue.pop(0)
        for _ in range(rng.negative_binomial(s["k"], s["k"] / (s["k"] + s["r"]))):
            onset = cases[i][0] + max(rng.gamma(shape, mean / shape), 0.5)
            if onset > span or len(cases) > 6 * size:
                continue
            at_home = rng.random() < s["in_household"]
            n_house += not at_home
            if rng.random() < 0.2:
                n_place += 1
            n_new = rng.poisson(s["mutations"])
            genomes.append(genomes[i] | {("new", n_mutation + m) for m in range(n_new)})
            n_mutation += n_new
            cases.append((onset, i, cases[i][2] if rng.random() < 0.7 else int(rng.integers(n_place)), 0))
            houses.append(houses[i] if at_home else n_house)
            queue.append(len(cases) - 1)
    order = np.argsort([case[0] for case in cases])[: int(size / s["seen"])]
    seen = np.sort(order[rng.random(len(order)) < s["seen"]])
    if len(seen) < size * 0.7:
        return None
    at = {int(old): new for new, old in enumerate(seen)}
    source = np.array([at.get(cases[old][1], -1) for old in seen])
    onset = np.floor([cases[old][0] for old in seen])
    n = len(seen)
    contacts = [
        (int(source[j]), j) for j in range(n) if source[j] >= 0 and rng.random() < s["contact_recall"]
    ]
    while len(contacts) < n * (s["contact_recall"] + s["chance_contacts"] / 2):
        i, j = rng.integers(n, size=2)
        if i != j and abs(onset[i] - onset[j]) <= 2 * mean:
            contacts.append((int(i), int(j)))
    kept = [genomes[old] for old in seen]
    snps = np.array([[len(a ^ b) for b in kept] for a in kept], dtype=float)
    place = [cases[old][2] for old in seen]
    return Outbreak(onset, source, contacts, [houses[old] for old in seen], place, snps, {**s, "n": n})
