"""The app's registration with Django."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """web."""

    name = "lianfang.web"
    label = "web"
