"""The app's registration with Django."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate

from lianfang.contacts.constraints import protect_after_migrate


class ContactsConfig(AppConfig):
    """contacts."""

    name = "lianfang.contacts"
    label = "contacts"

    def ready(self) -> None:
        """Let the database refuse overlapping stays, whatever writes them."""
        post_migrate.connect(protect_after_migrate, sender=self, dispatch_uid="lianfang.contacts.constraints")
