"""Matching people: precision, recall and speed on a synthetic register with known truth, beside splink on the same rows.

Rows arrive with pinyin, homophones, spelling variants, mistypes and missing particulars (`people.py`, seeded); half tell
of people on file. The weights were trained on other seeds (`train_matching.py`). splink 5 stands in the same run where it
is installed (`uv pip install splink==5.0.0`); it is handed our folded names and the same particulars, trains on the rows
themselves, and holds everything in memory, open; ours looks up keyed hashes and opens sealed particulars of a database.
"""

from datetime import UTC, datetime
from importlib.metadata import version
from importlib.util import find_spec

import numpy as np

from measuring import Table, analyze, clock, fresh_database, set_up_django

set_up_django()

from django.db import connection  # noqa: E402 - Django must be set up first

from lianfang.core.access.actor import Actor  # noqa: E402
from lianfang.core.registry.matching import Verdict, match_many  # noqa: E402
from lianfang.core.registry.matching.names import read_name  # noqa: E402
from lianfang.core.registry.matching.particulars import normal_phone  # noqa: E402
from lianfang.core.registry.services import register_people  # noqa: E402
from people import make_arrivals, make_people  # noqa: E402

AT = datetime(2020, 2, 12, 10, tzinfo=UTC)
SYSTEM = Actor.system("benchmark")
SIZES, SEED = (30_000, 100_000), 101


def measure(quick):
    table = Table(
        f"{connection.vendor}: as many rows as people on file, half of them known",
        "matcher", "joined", "wrong", "precision", "recall", "recall with review", "asked", "rows a CPU second", "CPU s",
    )  # fmt: skip
    for size in (2000,) if quick else SIZES:
        with fresh_database():
            measure_size(size, table)


def measure_size(n, table):
    base = make_people(n, SEED)
    rows, truth = make_arrivals(base, n, SEED + 10)
    ids = [
        p.pk
        for start in range(0, n, 5000)
        for p in register_people(base[start : start + 5000], by=SYSTEM, at=AT)
    ]
    analyze()
    position = {pk: at for at, pk in enumerate(ids)}
    with clock() as taken:
        results = [r for start in range(0, n, 1000) for r in match_many(rows[start : start + 1000], at=AT)]
    # Rows of one call may also join earlier rows; here no two rows tell of one person, so that is an error.
    decided = np.array(
        [(position[r.person_id] if r.person_id else n) if r.verdict is Verdict.SAME else -1 for r in results]
    )
    asked = np.array([r.verdict is Verdict.UNDECIDED for r in results])
    shown = np.array(
        [
            t >= 0 and any(a.person_id == ids[t] for a in r.look_alikes)
            for r, t in zip(results, truth, strict=True)
        ]
    )
    found = ((decided == truth) & (truth >= 0)) | (asked & shown)
    table.row(f"lianfang, {n:,} people", *scores(decided, truth), f"{found.sum() / (truth >= 0).sum():.4f}",
              f"{asked.mean():.2%}", n / taken.cpu, taken.cpu)  # fmt: skip
    if find_spec("splink") is None:
        table.row("splink is not installed")
    else:
        compare_splink(base, rows, truth, table)


def scores(decided, truth):
    """Return joined, wrong, precision and recall of automatic decisions; `decided` holds a position in the base, or -1."""
    joined = decided >= 0
    right = joined & (decided == truth)
    return (
        int(joined.sum()),
        int((joined & ~right).sum()),
        f"{right.sum() / max(joined.sum(), 1):.5f}",
        f"{right.sum() / (truth >= 0).sum():.4f}",
    )


def table_of(people, offset):
    names = [read_name(p.name) if p.name else None for p in people]
    full = [p.completed() for p in people]
    return [
        {
            "unique_id": offset + n,
            "name": name.normal if name else None,
            "sound": name.readings[0] if name else None,
            "skeleton": name.sound if name else None,
            "birth": row.birth_date.isoformat() if row.birth_date else None,
            "birth_year": str(row.birth_year) if row.birth_year else None,
            "sex": row.sex,
            "phone": normal_phone(row.phone) or None,
            "national_id": row.national_id or None,
            "address": row.address or None,
            "township": row.path or None,
        }
        for n, (row, name) in enumerate(zip(full, names, strict=True))
    ]


def compare_splink(base, rows, truth, table):
    """The same rows through splink 5 on DuckDB; it is handed the folded names, so that it need not know pinyin."""
    import pandas as pd
    import splink.comparison_level_library as cll
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    name = cl.CustomComparison(
        output_column_name="name",
        comparison_levels=[
            cll.NullLevel("name"),
            cll.ExactMatchLevel("name", term_frequency_adjustments=True),
            cll.ExactMatchLevel("sound", term_frequency_adjustments=True),
            cll.ExactMatchLevel("skeleton"),
            cll.LevenshteinLevel("name", 1),
            cll.JaroWinklerLevel("name", 0.9),
            cll.ElseLevel(),
        ],
    )
    settings = SettingsCreator(
        link_type="link_only",
        comparisons=[
            name,
            cl.CustomComparison(
                output_column_name="birth",
                comparison_levels=[
                    cll.NullLevel("birth_year"),
                    cll.ExactMatchLevel("birth"),
                    cll.DamerauLevenshteinLevel("birth", 1),
                    cll.ExactMatchLevel("birth_year"),
                    cll.ElseLevel(),
                ],
            ),
            cl.ExactMatch("sex"),
            cl.LevenshteinAtThresholds("phone", 1),
            cl.LevenshteinAtThresholds("national_id", 1),
            cl.JaroWinklerAtThresholds("address", [0.9]),
            cl.ExactMatch("township"),
        ],
        blocking_rules_to_generate_predictions=[
            block_on("national_id"),
            block_on("phone"),
            block_on("name", "birth_year"),
            block_on("sound", "birth_year"),
            block_on("skeleton", "birth_year"),
            block_on("birth"),
            block_on("name", "township"),
        ],
        probability_two_random_records_match=0.2 / len(base),
    )
    left, right = pd.DataFrame(table_of(base, 0)), pd.DataFrame(table_of(rows, 10**9))
    with clock() as taken:
        api = DuckDBAPI()
        registered = [
            api.register(frame, dataset_display_name=name)
            for frame, name in ((left, "base"), (right, "rows"))
        ]
        linker = Linker(registered, settings)
        linker.training.estimate_u_using_random_sampling(max_pairs=2e6, seed=1)
        for rule in (block_on("phone"), block_on("birth"), block_on("name", "birth_year")):
            linker.training.estimate_parameters_using_expectation_maximisation(rule)
        found = linker.inference.predict(threshold_match_probability=0.01).as_pandas_dataframe()
    is_row = found["unique_id_l"] >= 10**9
    found["row"] = found["unique_id_l"].where(is_row, found["unique_id_r"]) - 10**9
    found["person"] = found["unique_id_r"].where(is_row, found["unique_id_l"])
    best = found.sort_values("match_probability", ascending=False).drop_duplicates("row")
    for threshold in (0.9, 0.99, 0.999):
        decided = np.full(len(rows), -1)
        chosen = best[best["match_probability"] >= threshold]
        decided[chosen["row"].to_numpy()] = chosen["person"].to_numpy()
        table.row(
            f"splink {version('splink')}, joins at {threshold}",
            *scores(decided, truth),
            "",
            "",
            len(rows) / taken.cpu,
            taken.cpu,
        )
