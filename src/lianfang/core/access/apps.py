"""The app's registration with Django."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    """core.access."""

    name = "lianfang.core.access"
    label = "access"
