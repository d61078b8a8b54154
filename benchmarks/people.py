"""A synthetic register of people, and rows that tell of them with the errors of tired clerks; for the benchmarks of matching and intake.

Names are mostly Chinese, with those of other places among them; households share telephone and address. `arrive` respells
(pinyin, homophones, a wrong character, families and given names exchanged), mistypes, moves, and leaves particulars out.
"""

from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta

import numpy as np

from lianfang.core.registry.matching import PersonCandidate
from lianfang.core.registry.matching.names import character_readings, read_name
from lianfang.core.registry.matching.particulars import check_digit
from lianfang.simulate.names import FEMALE_SYLLABLES, MALE_SYLLABLES, pairs, person_names
from lianfang.simulate.names import weights as surname_weights

GIVEN = """
Mohammed Fatima Ahmed Aisha Ibrahim Chinedu Ngozi Emeka Amina Yusuf John Mary Grace Samuel Elizabeth
Nguyen Thi Jean Marie Pierre Carlos Maria Jose Ana Luis Olga Ivan Dmitri Sofia Abdul Karim Hassan Zainab
Kwame Abena
""".split()
FAMILY = """
Okafor Mensah Diallo Traore Kamara Conteh Sesay Bangura Musa Abubakar Garcia Martinez Rodriguez Smith
Johnson Brown Ivanov Petrov Hussein Ali Khan Ahmed Begum Tran Pham Le Phan Kone Toure Banda Phiri Mwale
Otieno
""".split()
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
    return {ch: [o for o in sorted(set(same)) if o != ch] for same in sounds.values() for ch in same}


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
