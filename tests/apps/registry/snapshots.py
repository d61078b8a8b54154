"""All rows of all models as text, to tell whether two states of the database are the same."""

from django.apps import apps

IGNORED = {"audit.Event", "registry.Merge", "loop.Touched"}


def snapshot() -> dict[str, list[tuple[str, ...]]]:
    return {
        model._meta.label: sorted(
            tuple(
                field.value_to_string(row) if field.value_from_object(row) is not None else "-"
                for field in model._meta.concrete_fields
            )
            for row in model._base_manager.all()
        )
        for model in apps.get_models()
        if model._meta.label not in IGNORED
    }
