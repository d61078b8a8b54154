"""The app's registration with Django."""

from django.apps import AppConfig


class CasesConfig(AppConfig):
    """cases."""

    name = "lianfang.cases"
    label = "cases"
