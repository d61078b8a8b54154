"""What a duty or derivation watches gives ids of its own subjects: one column, a key of the subject or a reference to it."""

from typing import Any

import pytest
from django.apps import apps
from django.db.models.expressions import Col

from lianfang.loop.derivation import derivations
from lianfang.loop.duty import duties
from lianfang.loop.feedback import feedback_rules

WATCHES = [
    *((duty.code, duty.subject, duty.watches) for duty in duties),
    *((rule.code, rule.subject, rule.watches) for rule in feedback_rules),
]
CASES = [
    pytest.param(subject, watch, id=f"{code}<-{label}")
    for code, subject, watches in WATCHES
    for label, watch in watches.items()
]


def columns_of(rows: Any) -> list[Any]:
    """The selected expressions, as the database gets them."""
    compiler = rows.query.get_compiler("default")
    return [column for column, _sql, _alias in compiler.get_select()[0]]


@pytest.mark.parametrize(("subject", "watch"), CASES)
def test_a_watch_gives_the_ids_of_subjects_and_nothing_else(subject: type[Any], watch: Any) -> None:
    [column] = columns_of(watch([1]))
    assert isinstance(column, Col), "a plain column, so that the pass can take it as a subquery"
    field = column.target
    assert field is subject._meta.pk or field.related_model is subject, (
        f"{field} is no id of {subject._meta.label}"
    )


def test_every_watched_label_is_a_model() -> None:
    known = {model._meta.label for model in apps.get_models()}
    watched = {label for _code, _subject, watches in WATCHES for label in watches}
    watched |= {label for derivation in derivations for label in derivation.watches}
    assert watched <= known


def test_what_is_touched_is_named_as_it_is_watched() -> None:
    """A derivation is given rows of its own model: its watch selects from that model, whole or by its key."""
    wrong = []
    for derivation in derivations:
        for label, watch in derivation.watches.items():
            if watch([1]).model is not derivation.model:
                wrong.append((type(derivation).__name__, label))
    assert wrong == []
