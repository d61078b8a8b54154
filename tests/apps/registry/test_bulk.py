"""Rows written in bulk are those that Django would have written, key by key and cell by cell."""

import uuid
from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, transaction

from lianfang.common.bulk import among, counted, insert_rows, insert_values, make, write_columns
from lianfang.core.registry.models import Identity, IdentityKey, IdentityKind, Level, Person, Place
from lianfang.intake.models import Trace
from lianfang.loop.models import Finding

UID = uuid.UUID(int=7)
AT = datetime(2020, 2, 12, 10, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def people(n=3):
    return [Person(sex="male", birth_year=1950 + k, path="CN.42.", recorded_at=AT) for k in range(n)]


def cells(model):
    left_out = {"id", "uid", "person", "identity"}
    fields = [field.attname for field in model._meta.concrete_fields if field.name not in left_out]
    return list(model.objects.order_by("pk").values_list(*fields))


@pytest.fixture
def place():
    return Place.objects.create(code="CN", name="CN", level=Level.NATION, path="CN.")


def a_finding(place, n):
    return Finding(
        place=place,
        kind="x", subject="cases.Case", subject_id=n, path="CN.", capability="assess", found_at=AT, due_at=AT,
        evidence={"met": ["a", n], "none": None, "words": "县"},
    )  # fmt: skip


def test_rows_are_those_of_bulk_create(place):
    for rows in (people, lambda: [a_finding(place, n) for n in range(3)]):
        model = type(rows()[0])
        model.objects.bulk_create(rows())
        expected = cells(model)
        model.objects.all().delete()
        insert_rows(rows())
        assert cells(model) == expected


def test_a_row_that_is_made_is_the_one_of_the_constructor(place):
    columns = {"place_id": place.pk, "path": "CN.", "kind": "x", "subject": "cases.Case", "subject_id": 1}
    columns |= {"evidence": {"a": [1]}, "found_at": AT, "due_at": AT}
    made, other, expected = make(Finding, columns), make(Finding, columns), Finding(**columns)
    del expected._state, made._state
    assert vars(made) == vars(expected)
    insert_rows([other])
    assert cells(Finding) == [tuple(v for k, v in vars(expected).items() if k not in {"id", "_state"})]
    assert other.place == place
    first, second = make(Person, {"path": "CN."}), make(Person, {"path": "CN.", "uid": UID})
    assert first.uid != make(Person, {"path": "CN."}).uid
    assert second.uid == UID
    with pytest.raises(TypeError, match="colour"):
        make(Person, {"colour": "red"})


def test_rows_are_found_among_more_values_than_one_statement_takes():
    made = insert_rows(people(3))
    identity = insert_rows(
        Identity(person=person, kind=IdentityKind.NAME, sealed=b"x", recorded_at=AT) for person in made
    )
    digests = [bytes([n, 255]) for n in range(3)]
    columns = ("person_id", "form", "digest")
    insert_values(IdentityKey, columns, [(i.person_id, "name", d) for i in identity for d in digests])
    many = [*range(-40_000, 0), made[0].pk, made[2].pk]
    found = sorted(among(Person, ("id", "birth_year", "recorded_at"), "id", many))
    assert found == [(p.pk, p.birth_year, int(AT.timestamp())) for p in (made[0], made[2])]
    wanted = [b"none", *digests[:2]]
    assert {bytes(d): n for d, n in counted(IdentityKey, "digest", wanted)} == dict.fromkeys(digests[:2], 3)
    assert {p for _, p in among(IdentityKey, ("digest", "person_id"), "digest", wanted)} == {
        p.pk for p in made
    }
    assert not list(among(Person, ("id",), "id", []))


def test_keys_are_told_and_go_on_after_others():
    standing = Person.objects.create(sex="female", path="CN.", recorded_at=AT)
    made = insert_rows(people())
    after = Person.objects.create(sex="female", path="CN.", recorded_at=AT)
    keys = [standing.pk, *(person.pk for person in made), after.pk]
    assert keys == sorted(set(keys))
    assert {p.pk: p.birth_year for p in Person.objects.filter(pk__in=keys[1:-1])} == {
        p.pk: p.birth_year for p in made
    }
    assert not any(person._state.adding for person in made)
    assert len({person.uid for person in made}) == len(made)  # a default is called for every row
    assert insert_rows([]) == []


def test_a_row_points_to_one_that_was_given_its_key_meanwhile():
    person = people(1)[0]
    identity = Identity(person=person, kind=IdentityKind.NAME, sealed=b"\x00\xff", recorded_at=AT)
    insert_rows([person])
    insert_rows([identity])
    assert Identity.objects.get().person_id == person.pk
    assert bytes(Identity.objects.get().sealed) == b"\x00\xff"
    insert_values(
        IdentityKey,
        ("person_id", "form", "digest"),
        [(person.pk, "name", b"\x01")],
    )
    assert bytes(IdentityKey.objects.get(person=person).digest) == b"\x01"


def test_columns_that_are_not_named_have_their_defaults(place):
    row = (place.pk, "CN.", "x", "cases.Case", 1, {"met": []}, AT, AT)
    columns = ("place_id", "path", "kind", "subject", "subject_id", "evidence", "found_at", "due_at")
    insert_values(Finding, columns, [row])
    found = Finding.objects.get()
    assert (found.capability, found.key, found.signal_id, found.withdrawn_at) == ("assess", "", None, None)
    insert_values(Finding, columns, [])


def test_columns_are_written_and_the_deleted_stay_deleted(place):
    kept, gone, other = insert_rows([a_finding(place, n) for n in range(3)])
    Finding.objects.filter(pk=gone.pk).delete()
    for row in (kept, gone):
        row.evidence, row.withdrawn_at, row.edition = {"now": 1.5}, AT, "e2"
    kept.capability = "not written"
    write_columns([kept, gone], ["evidence", "withdrawn_at", "edition"])
    rows = Finding.objects.in_bulk()
    assert rows.keys() == {kept.pk, other.pk}
    assert (rows[kept.pk].evidence, rows[kept.pk].withdrawn_at, rows[kept.pk].edition) == (
        {"now": 1.5},
        AT,
        "e2",
    )
    assert rows[kept.pk].capability == "assess"
    assert rows[other.pk].evidence["words"] == "县"
    write_columns([kept], ["withdrawn_at"])
    kept.withdrawn_at = None
    write_columns([kept], ["withdrawn_at"])
    assert Finding.objects.get(pk=kept.pk).withdrawn_at is None


def test_constraints_hold():
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_values(Trace, ("signal_id", "record", "record_id", "created"), [(None, "cases.Case", 1, True)])
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_rows([Person(sex="male", path="CN.", recorded_at=AT, uid=UID) for _ in range(2)])
    assert not Trace.objects.exists()
    assert not Person.objects.exists()
