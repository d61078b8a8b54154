"""Train the weights of person matching, weights.json, without labels on a synthetic register of its own.

    python benchmarks/train_matching.py [people, default 30000] [seed, default 1]

`matching.py` measures with other seeds what came of it.
"""

import json
import sys
from collections import defaultdict

import numpy as np

from measuring import set_up_django

set_up_django()

from lianfang.core.registry.matching.training import fit, patterns_of  # noqa: E402
from lianfang.core.registry.matching.weights import SHIPPED, weights  # noqa: E402
from people import make_arrivals, make_people  # noqa: E402


def train(n_people, seed):
    base = make_people(n_people, seed)
    rows, _truth = make_arrivals(base, n_people, seed + 10)
    mine, theirs = [p.profile() for p in base], [r.profile() for r in rows]
    draw = np.random.default_rng(seed + 20)
    # two rows never tell of one person, so pairs of rows are pairs of strangers
    strangers = draw.integers(0, n_people, (400_000, 2))
    random = patterns_of((theirs[a], theirs[b]) for a, b in strangers if a != b)
    keys = {
        # not the telephone: who shares it often lives together, and then agrees on the address as well
        "birth": lambda p: p.births,
        "name": lambda p: [name.normal for name in p.read_names],
    }
    sessions = {}
    for what, key in keys.items():
        blocks = defaultdict(list)
        for profile in mine:
            for value in key(profile):
                blocks[value].append(profile)
        found = ((a, b) for b in theirs for value in key(b) for a in blocks.get(value, ())[:60])
        sessions[what] = patterns_of(found)
        print(what, sum(sessions[what].values()), "pairs")
    table = fit(
        sessions,
        random,
        weights(),
        share_known=0.2,
        source=f"expectation-maximisation on unlabelled pairs of a synthetic register of {n_people:,} people, "
        f"seed {seed} (benchmarks/train_matching.py)",
    )
    lines = [
        f"    {json.dumps(what)}: {{"
        + ", ".join(f"{json.dumps(level)}: {json.dumps(pair)}" for level, pair in levels.items())
        + "}"
        for what, levels in table["comparisons"].items()
    ]
    SHIPPED.write_text(
        f'{{\n  "source": {json.dumps(table["source"])},\n  "share_known": {table["share_known"]},\n  "comparisons": {{\n'
        + ",\n".join(lines)
        + "\n  }\n}\n",
        encoding="utf-8",
    )
    print(SHIPPED.read_text(encoding="utf-8"))


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:3]]
    train(*(given + [30_000, 1][len(given) :]))
