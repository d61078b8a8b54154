"""The app's registration with Django."""

from django.apps import AppConfig


class BulletinsConfig(AppConfig):
    """bulletins."""

    name = "lianfang.bulletins"
    label = "bulletins"
