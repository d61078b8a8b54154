"""The app's registration with Django."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """core.audit."""

    name = "lianfang.core.audit"
    label = "audit"
