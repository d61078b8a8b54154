"""The app's registration with Django."""

from django.apps import AppConfig


class DiscoveryConfig(AppConfig):
    """discovery."""

    name = "lianfang.discovery"
    label = "discovery"
