"""The record cannot be changed unnoticed: triggers refuse, seals show."""

from datetime import timedelta
from enum import StrEnum

import pytest
from django.db import DatabaseError, connection, transaction
from tests.world import NOON, World, a_person, build_world

from lianfang.core.access.actor import Actor
from lianfang.core.audit import chain
from lianfang.core.audit.append_only import append_only_models, lift, protect
from lianfang.core.audit.models import Event, Seal
from lianfang.core.audit.selectors import EventFilter, events, events_about
from lianfang.core.audit.services import Entry, record_many
from lianfang.core.audit.tags import Tag, sentence_of
from lianfang.core.registry.events import RegistryEvent

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("test")


class Act(StrEnum):
    DONE = "test.done"


def write(number, **entry):
    entries = [Entry(after={"n": n, "s": "字"}, **entry) for n in range(number)]
    record_many(Act.DONE, entries, by=SYSTEM, at=NOON)
    return list(Event.objects.order_by("-pk")[:number][::-1])


@pytest.mark.parametrize("model", [Event, Seal])
def test_the_database_refuses_to_change_what_only_grows(model):
    write(2)
    chain.seal(at=NOON)
    assert model in append_only_models()
    for attempt in (
        lambda: model.objects.update(at=NOON + timedelta(days=1)),
        lambda: model.objects.all()._raw_delete("default"),
    ):
        with pytest.raises(DatabaseError, match="only grows"), transaction.atomic():
            attempt()
    assert model.objects.exists()


def test_protecting_twice_is_harmless_and_lifting_allows_a_drill():
    write(1)
    protect(connection)
    lift(connection)
    assert Event.objects.all()._raw_delete("default") == 1
    protect(connection)
    write(1)
    with pytest.raises(DatabaseError), transaction.atomic():
        Event.objects.all()._raw_delete("default")


def sealed(monkeypatch, number=10, most=4):
    monkeypatch.setattr(chain, "_MOST", most)
    written = write(number)
    seals = chain.seal(at=NOON)
    assert len(seals) == 3
    return written


def test_an_untouched_record_is_intact(monkeypatch):
    sealed(monkeypatch)
    write(3)
    result = chain.verify()
    assert result.is_intact
    assert (result.n_events, result.n_seals, result.n_unsealed) == (10, 3, 3)
    assert len(chain.seal(at=NOON)) == 1
    assert not chain.seal(at=NOON)
    assert chain.verify(anchor=Seal.objects.first().digest).n_unsealed == 0


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("actor", "somebody else"),
        ("after", {"n": 5, "s": "学"}),
        ("at", NOON + timedelta(seconds=1)),
        ("reason", "x"),
        ("user_id", None),
    ],
)
def test_a_changed_event_is_named(monkeypatch, column, value):
    world = build_world()
    by = world.actor("alice")
    record_many(Act.DONE, [Entry(after={"n": n}) for n in range(9)], by=by, at=NOON)
    chain.seal(at=NOON)
    victim = Event.objects.order_by("id")[5]
    lift(connection)
    Event.objects.filter(pk=victim.pk).update(**{column: value})
    result = chain.verify()
    assert (result.is_intact, result.broken_event) == (False, victim.pk)


def test_a_removed_event_is_named(monkeypatch):
    victim = sealed(monkeypatch)[6]
    lift(connection)
    Event.objects.filter(pk=victim.pk)._raw_delete("default")
    assert chain.verify().broken_event == victim.pk


def test_the_last_event_removed_is_named(monkeypatch):
    victim = sealed(monkeypatch)[-1]
    lift(connection)
    Event.objects.filter(pk=victim.pk)._raw_delete("default")
    assert chain.verify().broken_event == victim.pk


def test_an_event_slipped_into_a_gap_is_named(monkeypatch):
    events_ = write(1)
    lift(connection)
    gap = events_[0].pk + 1
    Event.objects.create(id=gap + 5, at=NOON, actor="a", tag="t")
    protect(connection)
    chain.seal(at=NOON)
    Event.objects.create(id=gap, at=NOON, actor="forger", tag="t")
    assert chain.verify().broken_event == gap


def test_a_forged_seal_shows(monkeypatch):
    sealed(monkeypatch)
    second = Seal.objects.order_by("id")[1]
    lift(connection)
    Event.objects.filter(pk=second.first_id).update(actor="forger")
    leaves = b"".join(
        leaf
        for _id, leaf in chain._leaves(
            Event.objects.filter(id__gte=second.first_id, id__lte=second.last_id).order_by("id")
        )
    )
    before = Seal.objects.order_by("id")[0]
    Seal.objects.filter(pk=second.pk).update(
        leaves=leaves, digest=chain._digest(before.digest, second.first_id, second.last_id, leaves)
    )
    assert chain.verify().broken_seal == Seal.objects.order_by("id")[2].pk


def test_a_cut_off_tail_is_seen_by_the_anchor(monkeypatch):
    sealed(monkeypatch)
    last = Seal.objects.order_by("-id").first()
    lift(connection)
    Event.objects.filter(id__gte=last.first_id)._raw_delete("default")
    Seal.objects.filter(pk=last.pk)._raw_delete("default")
    assert chain.verify().is_intact
    assert not chain.verify(anchor=last.digest).is_intact


def test_the_record_is_read_in_ones_own_area(world):
    here, there = a_person(world), a_person(world, place="420205")
    record_many(
        RegistryEvent.PERSON_REGISTERED,
        [Entry(subject=here), Entry(subject=there)],
        by=world.actor("gao"),
        at=NOON,
    )
    chen = world.actor("chen")
    assert [event.subject_id for event in events(chen)] == [here.pk]
    assert events_about(chen, subject="registry.Person", subject_id=here.pk).count() == 1
    assert not events_about(chen, subject="registry.Person", subject_id=there.pk)
    assert not events(world.actor("alice"))
    assert (
        events(
            chen, EventFilter(tag="registry.", user_id=world.users["gao"].pk, from_at=NOON, until_at=NOON)
        ).count()
        == 1
    )
    assert not events(chen, EventFilter(tag="access."))
    assert not events(chen, EventFilter(path=world.places["420107"].path))


@pytest.fixture
def world() -> World:
    return build_world()


def test_every_tag_has_a_sentence():
    tags = [tag for words in Tag.__subclasses__() for tag in words]
    assert len(tags) > 20
    assert all(sentence_of(str(tag)) and sentence_of(str(tag)) != str(tag) for tag in tags)
    assert sentence_of("no.such_tag") == "no.such_tag"
