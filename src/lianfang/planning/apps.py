"""The app's registration with Django."""

from django.apps import AppConfig


class PlanningConfig(AppConfig):
    """planning."""

    name = "lianfang.planning"
    label = "planning"
