"""The app's registration with Django."""

from django.apps import AppConfig


class RegionsConfig(AppConfig):
    """regions."""

    name = "lianfang.regions"
    label = "regions"
