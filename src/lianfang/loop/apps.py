"""The app's registration with Django: finds the duties of all apps and closes the register."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class LoopConfig(AppConfig):
    """loop."""

    name = "lianfang.loop"
    label = "loop"

    def ready(self) -> None:
        """Import what every app declares; from then on the register of duties is closed."""
        autodiscover_modules("duties", "derive", "feedback", "coverage", "timeliness")
        from lianfang.core.registry.merging import on_repointed  # noqa: PLC0415 - models are ready only now
        from lianfang.loop.duty import duties  # noqa: PLC0415
        from lianfang.loop.touch import touch  # noqa: PLC0415

        duties.close()
        on_repointed.append(touch)
