"""The app's registration with Django."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate

from lianfang.core.intervals import protect_after_migrate


class RegistryConfig(AppConfig):
    """core.registry."""

    name = "lianfang.core.registry"
    label = "registry"

    def ready(self) -> None:
        """Have the database refuse overlapping intervals, whatever writes them."""
        post_migrate.connect(protect_after_migrate, dispatch_uid="lianfang.core.intervals")
