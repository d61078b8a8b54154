"""The day's duties of 100,000 contacts under observation come on the books, visit and readings; a second run creates none.

Each contact is under observation for 14 days, on average half way through. "the first day" is what a site owes that
begins with all of them: every past day of each. "a new day" is what the clock brings at midnight, in the short pass of
the worker: one visit and one duty to take the temperature twice for each contact. A whole pass, which the worker makes
every hour, looks at every day of every contact again.
The lower bound, in the same run, is a bare INSERT ... SELECT of the day's rows with their unit into an empty table
with the same unique key.
"""

from datetime import timedelta

import numpy as np

from measuring import Table, analyze, clock, fresh_database, load, set_up_django

set_up_django()

from django.db import connection, transaction  # noqa: E402 - Django must be set up first

from ground import AT, Ground, lay_ground, load_people  # noqa: E402
from lianfang.common.clock import local_day, start_of  # noqa: E402
from lianfang.contacts.models import Contact, Observation  # noqa: E402
from lianfang.loop.duty import duties  # noqa: E402
from lianfang.loop.models import Task  # noqa: E402
from lianfang.loop.reconcile import reconcile  # noqa: E402

SIZES, LAST_DAY = (10_000, 100_000), 14
CODES = ("contacts.observe", "contacts.measure")
BARE = """
CREATE TABLE bare (id {serial}, duty varchar(60) NOT NULL, subject_id bigint NOT NULL, occasion varchar(40) NOT NULL,
    unit_id bigint, path varchar(200), since_at bigint, due_at bigint, UNIQUE (duty, subject_id, occasion))
"""
FILL_BARE = """
INSERT INTO bare (duty, subject_id, occasion, unit_id, path, since_at, due_at)
SELECT %s, c.id, %s, (SELECT j.unit_id FROM registry_jurisdiction j
       WHERE j.place_id = c.place_id AND j.capability = 'observe'), c.path, %s, %s
FROM contacts_contact c WHERE c.observe_from_on <= %s AND c.observe_until_on >= %s ON CONFLICT DO NOTHING
"""


def measure(quick: bool) -> None:
    table = Table(
        f"{connection.vendor}: daily visits and readings", "contacts", "what", "duties written", "s", "CPU s", "duties a CPU second", "CPU to bare insert"
    )  # fmt: skip
    for size in SIZES[:1] if quick else SIZES:
        with fresh_database():
            ground = lay_ground()
            fill(ground, size)
            measure_size(size, table)


def fill(ground: Ground, n: int) -> None:
    """Write `n` contacts, each on one of the days 1 to 13 of the observation and seen on two thirds of the days before."""
    homes = load_people(ground, n)
    draw = np.random.default_rng(4)
    today, noon = local_day(AT), int(AT.timestamp())
    places = [(place.pk, place.path) for place in ground.townships]
    ages = draw.integers(0, LAST_DAY - 1, n)

    def contacts():
        for k in range(n):
            begun = today - timedelta(days=int(ages[k]))
            named = noon - 86_400 * int(ages[k])
            yield (k + 1, k + 1, "covid_19", *places[homes[k]], "", str(begun), "", "", "", "", bool(k % 5 == 0), named, named,
                   str(begun), str(begun + timedelta(days=LAST_DAY)), str(begun + timedelta(days=LAST_DAY)), "", "follow_up", named, 2)  # fmt: skip

    columns = ("id", "person_id", "disease", "place_id", "path", "source_path", "last_contact_on", "setting", "relation", "proximity",
               "certainty", "is_high_risk", "named_at", "notified_at", "observe_from_on", "observe_until_on", "visit_until_on", "edition", "status", "status_at", "n_readings")  # fmt: skip
    load(Contact, columns, contacts())

    def seen():
        for k in range(n):
            for day in range(int(ages[k])):
                if (k + day) % 3:
                    on = today - timedelta(days=int(ages[k]) - day)
                    at = int(start_of(on).timestamp()) + 36_000
                    yield at, at, k + 1, str(on), "seen_ok", "[]", False, 36.5, "", ""
                    if k % 2:  # the second reading of the day
                        yield at + 28_800, at + 28_800, k + 1, str(on), "seen_ok", "[]", False, 36.6, "", ""

    columns = ("occurred_at", "recorded_at", "contact_id", "on", "seen", "signs", "by_self", "temperature", "key", "withdrawn_because")  # fmt: skip
    load(Observation, columns, seen())
    analyze()


def measure_size(n: int, table: Table) -> None:
    owed = [duties.get(code) for code in CODES]

    def said(what, taken, written, bound=None):
        ratio = taken.cpu / bound.cpu if bound else None
        table.row(n, what, written, taken.wall, taken.cpu, written / taken.cpu, ratio)

    with clock() as taken:
        written = sum(reconcile(duty, at=AT).written for duty in owed)
    said(f"the first day, {Observation.objects.count():,} observations made before", taken, written)
    analyze()
    tomorrow = local_day(AT) + timedelta(days=1)
    midnight = start_of(tomorrow)
    serial = (
        "bigserial PRIMARY KEY" if connection.vendor == "postgresql" else "integer PRIMARY KEY AUTOINCREMENT"
    )
    with connection.cursor() as cursor:
        cursor.execute(BARE.format(serial=serial))
    epoch, inserted = int(midnight.timestamp()), 0
    with clock() as bound, transaction.atomic(), connection.cursor() as cursor:
        for code in CODES:
            cursor.execute(FILL_BARE, [code, str(tomorrow), epoch, epoch + 86_399, tomorrow, tomorrow])
            inserted += cursor.rowcount
    said("bare INSERT ... SELECT of a day (bound)", bound, inserted)
    with clock() as taken:
        opened = sum(reconcile(duty, at=midnight, first_day=tomorrow).opened for duty in owed)
    said("a new day", taken, opened, bound)
    under = Contact.objects.filter(observe_until_on__gte=tomorrow).count()
    assert opened == inserted == len(CODES) * under
    before, later = Task.objects.count(), midnight + timedelta(minutes=5)
    for what, first_day in (("the second run of the day", tomorrow), ("a whole pass, every day again", None)):
        with clock() as taken:
            written = sum(reconcile(duty, at=later, first_day=first_day).written for duty in owed)
        said(what, taken, written, bound)
        assert (written, Task.objects.count()) == (0, before)
