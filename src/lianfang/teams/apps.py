"""The app's registration with Django."""

from django.apps import AppConfig


class TeamsConfig(AppConfig):
    """teams."""

    name = "lianfang.teams"
    label = "teams"
