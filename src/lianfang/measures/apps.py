"""The app's registration with Django."""

from django.apps import AppConfig


class MeasuresConfig(AppConfig):
    """measures."""

    name = "lianfang.measures"
    label = "measures"
