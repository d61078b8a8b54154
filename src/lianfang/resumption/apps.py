"""The app's registration with Django."""

from django.apps import AppConfig


class ResumptionConfig(AppConfig):
    """resumption."""

    name = "lianfang.resumption"
    label = "resumption"
