"""The app's registration with Django."""

from django.apps import AppConfig


class ContactsConfig(AppConfig):
    """contacts."""

    name = "lianfang.contacts"
    label = "contacts"
