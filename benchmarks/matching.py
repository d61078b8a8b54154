"""Matching people: how well and how fast, on a synthetic register with known truth.

    python benchmarks/matching.py train            # weights.json from unlabelled pairs of a register of its own
    python benchmarks/matching.py quality          # precision and recall, beside splink 5 where it is installed
    python benchmarks/matching.py speed            # rows per second into a base of 100,000

The register and its errors are made by `make_people` and `arrive` with a seed; training and testing use different
ones. LIANFANG_DATABASE_URL names the database; without it a temporary SQLite file is used.
"""

import argparse
import json
import os
import tempfile
import time
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product

import numpy as np

if "LIANFANG_DATABASE_URL" not in os.environ:
    os.environ["LIANFANG_DATABASE_URL"] = f"sqlite:///{tempfile.mkdtemp()}/matching.sqlite3"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lianfang.project.settings")

import django

django.setup()

from django.core.management import call_command  # noqa: E402

from lianfang.core.access.actor import Actor  # noqa: E402
from lianfang.core.registry.matching import PersonCandidate, Verdict, match_many  # noqa: E402
from lianfang.core.registry.matching.names import character_readings, read_name  # noqa: E402
from lianfang.core.registry.matching.particulars import check_digit, normal_phone  # noqa: E402
from lianfang.core.registry.matching.training import fit, patterns_of  # noqa: E402
from lianfang.core.registry.matching.weights import SHIPPED, weights  # noqa: E402
from lianfang.core.registry.models import Person  # noqa: E402
from lianfang.core.registry.services import register_people, resolve_people  # noqa: E402
from lianfang.simulate.names import FEMALE_SYLLABLES, MALE_SYLLABLES, pairs, person_names  # noqa: E402
from lianfang.simulate.names import weights as surname_weights  # noqa: E402

AT = datetime(2020, 2, 12, 10, tzinfo=UTC)
SYSTEM = Actor.system("benchmark")
GIVEN = [
    "Mohammed",
    "Fatima",
    "Ahmed",
    "Aisha",
    "Ibrahim",
    "Chinedu",
    "Ngozi",
    "Emeka",
    "Amina",
    "Yusuf",
    "John",
    "Mary",
    "Grace",
    "Samuel",
    "Elizabeth",
    "Nguyen",
    "Thi",
    "Jean",
    "Marie",
    "Pierre",
    "Carlos",
    "Maria",
    "Jose",
    "Ana",
    "Luis",
    "Olga",
    "Ivan",
    "Dmitri",
    "Sofia",
    "Abdul",
    "Karim",
    "Hassan",
    "Zainab",
    "Kwame",
    "Abena",
]
FAMILY = [
    "Okafor",
    "Mensah",
    "Diallo",
    "Traore",
    "Kamara",
    "Conteh",
    "Sesay",
    "Bangura",
    "Musa",
    "Abubakar",
    "Garcia",
    "Martinez",
    "Rodriguez",
    "Smith",
    "Johnson",
    "Brown",
    "Ivanov",
    "Petrov",
    "Hussein",
    "Ali",
    "Khan",
    "Ahmed",
    "Begum",
    "Tran",
    "Pham",
    "Le",
    "Phan",
    "Kone",
    "Toure",
    "Banda",
    "Phiri",
    "Mwale",
    "Otieno",
]
VARIANTS = {
    "Mohammed": "Muhamad",
    "Fatima": "Fatimah",
    "Ahmed": "Achmed",
    "Aisha": "Aïcha",
    "Yusuf": "Youssouf",
    "Hussein": "Husain",
    "Ali": "Aly",
    "Okafor": "Okaphor",
    "Abubakar": "Aboubacar",
    "Sesay": "Sesey",
}
STREETS = [
    "人民路",
    "解放路",
    "建设路",
    "中山路",
    "胜利街",
    "和平街",
    "新华路",
    "文化路",
    "滨河路",
    "南门街",
    "东风路",
    "团结巷",
]


def make_people(number, seed, *, townships=400):
    """Return `number` people: nine in ten with Chinese names, families that share address and often a telephone."""
    draw = np.random.default_rng(seed)
    sexes = draw.integers(0, 2, number).astype(np.int8)
    surnames = draw.choice(len(surname_weights()), number, p=surname_weights())
    names, _sounds = person_names(sexes, surnames, draw.random((number, 3)))
    people, home = [], {}
    for n in range(number):
        if n == 0 or draw.random() < 0.4:  # a new household
            town = int(draw.integers(townships))
            home = {
                "path": path_of(town),
                "address": an_address(draw),
                "phone": a_phone(draw),
            }
        own_phone = draw.random() < 0.75
        born = date(1930, 1, 1) + timedelta(days=int(draw.integers(0, 88 * 365)))
        body = f"42{draw.integers(10000):04}{born:%Y%m%d}{draw.integers(100):02}{2 * draw.integers(5) + int(sexes[n])}"
        foreign = draw.random() < 0.1
        people.append(
            PersonCandidate(
                name=f"{GIVEN[draw.integers(len(GIVEN))]} {FAMILY[draw.integers(len(FAMILY))]}"
                if foreign
                else names[n],
                sex="male" if sexes[n] else "female",
                birth_date=born,
                phone=a_phone(draw) if own_phone else home["phone"],
                national_id=body + check_digit(body) if draw.random() < 0.7 and not foreign else "",
                address=home["address"],
                path=home["path"],
            )
        )
    return people


def homophones():
    sounds = defaultdict(list)
    for table in (FEMALE_SYLLABLES, MALE_SYLLABLES):
        for ch in pairs(table)[0]:
            sounds[character_readings(str(ch))[0]].append(str(ch))
    return {ch: [o for o in set(same) if o != ch] for same in sounds.values() for ch in same}


SAME_SOUND = homophones()
CHARACTERS = [str(ch) for table in (FEMALE_SYLLABLES, MALE_SYLLABLES) for ch in pairs(table)[0]]


def respell(name, draw):
    """Write a name as a tired clerk does."""
    return respell_han(name, draw) if read_name(name).is_han else respell_latin(name, draw)


def respell_latin(name, draw):
    kind, words = draw.random(), name.split()
    if kind < 0.10:
        return " ".join(VARIANTS.get(word, word) for word in words)
    if kind < 0.17:
        return " ".join(reversed(words))
    if kind < 0.24:
        place = int(draw.integers(1, len(name)))
        return name[:place] + name[place + 1 :]
    return name


def respell_han(name, draw):
    kind = draw.random()
    family, given = read_name(name).tokens[0], "".join(read_name(name).tokens[1:])
    place = int(draw.integers(1, len(name)))
    written = name
    if kind < 0.06:
        written = f"{family} {given}".title()
    elif kind < 0.09:
        written = f"{given} {family}".title()
    elif kind < 0.16 and SAME_SOUND.get(name[place]):
        written = name[:place] + SAME_SOUND[name[place]][0] + name[place + 1 :]
    elif kind < 0.20:
        written = name[:place] + CHARACTERS[draw.integers(len(CHARACTERS))] + name[place + 1 :]
    return written


def one_digit_wrong(text, draw):
    place = int(draw.integers(len(text)))
    return (
        text[:place] + str((int(text[place]) + 1 + draw.integers(9)) % 10) + text[place + 1 :]
        if text[place].isdigit()
        else text
    )


def arrive(person, draw):
    """Return the person as a later row tells it: respelt, mistyped, moved, and with particulars missing."""
    row = replace(
        person, name=respell(person.name, draw), **birth_as_told(person, draw), **phone_as_told(person, draw)
    )
    kind = draw.random()
    if kind < 0.60:
        row = replace(row, national_id="")
    elif kind < 0.62 and person.national_id:
        row = replace(row, national_id=one_digit_wrong(person.national_id, draw))
    kind = draw.random()
    if kind < 0.5:
        row = replace(row, address="")
    elif kind < 0.7:
        row = replace(row, address=person.address.replace("号", "-").removesuffix("室"))
    if draw.random() < 0.08:  # moved
        row = replace(
            row, path=path_of(int(draw.integers(400))), address=an_address(draw) if row.address else ""
        )
    if draw.random() < 0.01:
        row = replace(row, sex="female" if person.sex == "male" else "male")
    return row


def birth_as_told(person, draw):
    kind, born = draw.random(), person.birth_date
    if kind < 0.12:
        return {"birth_date": None}
    if kind < 0.27:
        estimated = draw.random() < 0.5
        year = born.year + (int(draw.integers(-1, 2)) if estimated else 0)
        return {"birth_date": None, "birth_year": year, "birth_year_is_estimated": estimated}
    if kind < 0.32:
        wrong = one_digit_wrong(f"{born:%Y%m%d}", draw)
        try:
            return {"birth_date": date(int(wrong[:4]), int(wrong[4:6]), int(wrong[6:]))}
        except ValueError:
            return {"birth_date": None}
    if kind < 0.34 and born.day <= 12:
        return {"birth_date": born.replace(month=born.day, day=born.month)}
    return {}


def phone_as_told(person, draw):
    kind = draw.random()
    if kind < 0.30:
        return {"phone": ""}
    if kind < 0.40:
        return {"phone": a_phone(draw)}
    if kind < 0.43:
        return {"phone": one_digit_wrong(person.phone, draw)}
    return {"phone": f"+86 {person.phone}" if draw.random() < 0.3 else person.phone}


def path_of(town):
    return f"CN.42.42{town // 100:02}.42{town // 100:02}{town // 10 % 10:02}.{town:09}."


def an_address(draw):
    return f"{STREETS[draw.integers(len(STREETS))]}{draw.integers(1, 200)}号{draw.integers(1, 30)}室"


def a_phone(draw):
    return f"1{draw.integers(30, 99)}{draw.integers(10**8):08}"


def make_arrivals(base, number, seed, *, share_known=0.5):
    """Return (rows, truth): the position in `base` of each row's person, or -1 for someone who is not in it."""
    draw = np.random.default_rng(seed)
    strangers = make_people(number, seed + 1)
    chosen = draw.permutation(len(base))[:number]
    known = draw.random(number) < share_known
    rows = [arrive(base[chosen[n]] if known[n] else strangers[n], draw) for n in range(number)]
    return rows, np.where(known, chosen[:number], -1)


def train(args):
    base = make_people(args.base, args.seed)
    rows, _truth = make_arrivals(base, args.base, args.seed + 10)
    mine, theirs = [p.profile() for p in base], [r.profile() for r in rows]
    draw = np.random.default_rng(args.seed + 20)
    # two rows never tell of one person, so pairs of rows are pairs of strangers
    strangers = draw.integers(0, args.base, (400_000, 2))
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
        source=f"expectation-maximisation on unlabelled pairs of a synthetic register of {args.base:,} people, "
        f"seed {args.seed} (benchmarks/matching.py train)",
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


def fill(base):
    call_command("migrate", verbosity=0)
    Person.objects.all().delete()
    started, working = time.perf_counter(), time.process_time()
    ids = [
        p.pk
        for start in range(0, len(base), 5000)
        for p in register_people(base[start : start + 5000], by=SYSTEM, at=AT)
    ]
    seconds, busy = time.perf_counter() - started, time.process_time() - working
    print(f"registered {len(base):,} people in {seconds:.1f} s, {busy:.1f} CPU seconds", flush=True)
    return ids


def scores(decided, truth):
    """Return precision and recall of automatic decisions; `decided` holds a position in the base, or -1."""
    joined = decided >= 0
    right = joined & (decided == truth)
    return {
        "joined": int(joined.sum()),
        "wrong": int((joined & ~right).sum()),
        "precision": float(right.sum() / max(joined.sum(), 1)),
        "recall": float(right.sum() / (truth >= 0).sum()),
    }


def quality(args):
    base = make_people(args.base, args.seed + 100)
    rows, truth = make_arrivals(base, args.rows, args.seed + 110)
    ids = fill(base)
    position = {pk: n for n, pk in enumerate(ids)}
    started, working = time.perf_counter(), time.process_time()
    results = [
        r for start in range(0, len(rows), 1000) for r in match_many(rows[start : start + 1000], at=AT)
    ]
    seconds, busy = time.perf_counter() - started, time.process_time() - working
    # rows of one call may also join earlier rows; here no two rows tell of one person
    decided = np.array(
        [(position[r.person_id] if r.person_id else -2) if r.verdict is Verdict.SAME else -1 for r in results]
    )
    decided = np.where(decided == -2, len(base), decided)
    asked = np.array([r.verdict is Verdict.UNDECIDED for r in results])
    shown = np.array(
        [
            t >= 0 and any(a.person_id == ids[t] for a in r.look_alikes)
            for r, t in zip(results, truth, strict=True)
        ]
    )
    ours = scores(decided, truth)
    known = (truth >= 0).sum()
    print(
        f"lianfang: {len(rows) / seconds:,.0f} rows/s ({len(rows) / busy:,.0f} per CPU second); {json.dumps(ours)}"
    )
    print(
        f"  asked {asked.sum():,} ({asked.mean():.2%}), right person shown in {(asked & shown).sum():,}; "
        f"recall with review {(((decided == truth) & (truth >= 0)) | (asked & shown)).sum() / known:.4f}; "
        f"known people taken for new {((decided == -1) & ~asked & (truth >= 0)).sum():,}"
    )
    try:
        import splink  # noqa: F401
    except ImportError:
        print("splink is not installed: no comparison")
        return
    compare_splink(base, rows, truth)


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


def compare_splink(base, rows, truth):
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
    started = time.perf_counter()
    api = DuckDBAPI()
    linker = Linker(
        [api.register(left, dataset_display_name="base"), api.register(right, dataset_display_name="rows")],
        settings,
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=2e6, seed=1)
    for rule in (block_on("phone"), block_on("birth"), block_on("name", "birth_year")):
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    found = linker.inference.predict(threshold_match_probability=0.01).as_pandas_dataframe()
    seconds = time.perf_counter() - started
    is_row = found["unique_id_l"] >= 10**9
    found["row"] = found["unique_id_l"].where(is_row, found["unique_id_r"]) - 10**9
    found["person"] = found["unique_id_r"].where(is_row, found["unique_id_l"])
    best = found.sort_values("match_probability", ascending=False).drop_duplicates("row")
    for threshold in (0.9, 0.99, 0.999):
        decided = np.full(len(rows), -1)
        taken = best[best["match_probability"] >= threshold]
        decided[taken["row"].to_numpy()] = taken["person"].to_numpy()
        print(
            f"splink at {threshold}: {len(rows) / seconds:,.0f} rows/s with training; {json.dumps(scores(decided, truth))}"
        )


def speed(args):
    base = make_people(args.base, args.seed + 200)
    fill(base)
    for number, share in product((10_000, args.rows), (0.5,)):
        rows, _truth = make_arrivals(base, number, args.seed + 210 + number, share_known=share)
        started, working = time.perf_counter(), time.process_time()
        new = 0
        for start in range(0, number, 1000):
            new += sum(r.is_new for r in resolve_people(rows[start : start + 1000], by=SYSTEM, at=AT))
        seconds, busy = time.perf_counter() - started, time.process_time() - working
        print(
            f"{number:,} rows into {args.base:,}: {number / seconds:,.0f} rows/s ({number / busy:,.0f} per CPU second) matched, registered and recorded ({new:,} new)"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["train", "quality", "speed"])
    parser.add_argument("--base", type=int, default=100_000)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    {"train": train, "quality": quality, "speed": speed}[arguments.what](arguments)
