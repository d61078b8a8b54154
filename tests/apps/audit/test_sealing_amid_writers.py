"""An event whose transaction ends late does not slip in behind a seal."""

import threading
from enum import StrEnum

import pytest
from django.db import connection, transaction
from tests.world import NOON

from lianfang.core.access.actor import Actor
from lianfang.core.audit import chain
from lianfang.core.audit.models import Event, Seal
from lianfang.core.audit.services import record

pytestmark = pytest.mark.django_db(transaction=True)


class Act(StrEnum):
    DONE = "test.done"


def test_sealing_waits_for_a_writer_in_the_middle_of_its_transaction():
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one writer in at a time")
    written, go_on = threading.Event(), threading.Event()

    def slow_writer():
        with transaction.atomic():
            record(Act.DONE, by=Actor.system("slow"), at=NOON)
            written.set()
            go_on.wait(10)
        connection.close()

    writer = threading.Thread(target=slow_writer)
    writer.start()
    written.wait(10)
    with transaction.atomic():
        pass
    releasing = threading.Timer(0.5, go_on.set)
    releasing.start()
    seals = chain.seal(at=NOON)
    writer.join()
    assert [seal.n_events for seal in seals] == [1]
    record(Act.DONE, by=Actor.system("quick"), at=NOON)
    assert len(chain.seal(at=NOON)) == 1
    assert chain.verify().is_intact
    assert Event.objects.count() == 2


def test_tables_that_only_grow_are_empty_after_a_transactional_test():
    record(Act.DONE, by=Actor.system("one"), at=NOON)
    chain.seal(at=NOON)
    assert Seal.objects.count() == 1
