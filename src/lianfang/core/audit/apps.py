"""The app's registration with Django."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate

from lianfang.core.audit.append_only import protect_after_migrate


class AuditConfig(AppConfig):
    """core.audit."""

    name = "lianfang.core.audit"
    label = "audit"

    def ready(self) -> None:
        """Have the triggers of append-only tables set after every migration."""
        post_migrate.connect(protect_after_migrate, dispatch_uid="lianfang.audit.append_only")
