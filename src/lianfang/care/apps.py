"""The app's registration with Django."""

from django.apps import AppConfig


class CareConfig(AppConfig):
    """care."""

    name = "lianfang.care"
    label = "care"
