"""The app's registration with Django: finds the duties of all apps and closes the register."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class LoopConfig(AppConfig):
    """loop."""

    name = "lianfang.loop"
    label = "loop"

    def ready(self) -> None:
        """Import every app's `duties` and `derive` modules; from then on the register is closed."""
        autodiscover_modules("duties", "derive")
        from lianfang.loop.duty import duties  # noqa: PLC0415 - models are ready only now

        duties.close()
