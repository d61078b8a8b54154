"""What no import shows: a foreign key ties two apps together as firmly as an import, and must point down as well."""

from django.apps import apps
from django.db import models
from tests.conformance.source_tree import floors

RANK = {name: number for number, row in enumerate(floors()) for name in row}


def own_models() -> list[type[models.Model]]:
    return [model for model in apps.get_models() if model.__module__.startswith("lianfang.")]


def package_of(model: type[models.Model]) -> str:
    return model.__module__.split(".")[1]


def test_foreign_keys_never_point_up_the_floors() -> None:
    wrong = []
    checked = 0
    for model in own_models():
        for field in model._meta.get_fields():
            if not field.concrete or not field.is_relation:
                continue
            checked += 1
            assert field.related_model is not None
            here, there = package_of(model), field.related_model.__module__.split(".")
            assert there[0] == "lianfang", f"{model._meta.label}.{field.name} points out of the house"
            if here != there[1] and RANK[there[1]] <= RANK[here]:
                wrong.append(f"{model._meta.label}.{field.name} -> {field.related_model._meta.label}")
    assert checked > 50
    assert wrong == []


def test_every_app_with_models_stands_on_a_floor() -> None:
    assert {package_of(model) for model in own_models()} <= set(RANK)
