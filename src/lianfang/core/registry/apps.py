"""The app's registration with Django."""

from django.apps import AppConfig


class RegistryConfig(AppConfig):
    """core.registry."""

    name = "lianfang.core.registry"
    label = "registry"
