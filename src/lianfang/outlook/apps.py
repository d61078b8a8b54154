"""The app's registration with Django."""

from django.apps import AppConfig


class OutlookConfig(AppConfig):
    """outlook."""

    name = "lianfang.outlook"
    label = "outlook"
