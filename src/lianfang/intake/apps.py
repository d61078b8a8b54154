"""The app's registration with Django: finds the targets of all apps and closes the register."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class IntakeConfig(AppConfig):
    """intake."""

    name = "lianfang.intake"
    label = "intake"

    def ready(self) -> None:
        """Import every app's `targets` module; from then on the register is closed."""
        autodiscover_modules("targets")
        from lianfang.intake.target import targets  # noqa: PLC0415 - models are ready only now

        targets.close()
