"""The app's registration with Django."""

from django.apps import AppConfig


class IntakeConfig(AppConfig):
    """intake."""

    name = "lianfang.intake"
    label = "intake"
