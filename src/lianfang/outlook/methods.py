"""The computations that are made again when facts change; a new one is a line here and a module with `refresh`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from lianfang.common.paths import lineage
from lianfang.outlook.models import Study


@dataclass(frozen=True)
class Method:
    """One kind of study, of cases or of beds. `areas` gives the paths of the areas in which one of a path is computed.

    The module's `refresh(study, at)` makes the computation where its inputs differ from those of the latest run, keeps
    it, and returns when the clock alone asks for the next, or None. It is imported at the first use: analytics are slow
    to start, and most processes never compute.
    """

    code: str
    title: Any
    module: str
    areas: Callable[[str], list[str]]
    pause: Callable[[], timedelta]
    of: str = "cases"

    def refresh(self, study: Study, at: datetime) -> datetime | None:
        """Make the computation if it is due to differ."""
        made: datetime | None = import_module(self.module).refresh(study, at)
        return made


def together(path: str) -> list[str]:
    """Return the area whose cases are worked out together: the ancestor at the site's level."""
    return lineage(path)[: settings.OUTLOOK_LEVEL + 1][-1:]


def whole(path: str) -> list[str]:
    """Return the whole area of the site: what is rare is looked at together."""
    return [path.split(".", 1)[0] + "."]


def together_and_above(path: str) -> list[str]:
    """Return the area at the site's level and those above it, up to the nation."""
    parts = path.rstrip(".").split(".")[: settings.OUTLOOK_LEVEL + 1]
    return [".".join(parts[:n]) + "." for n in range(1, len(parts) + 1)]


def every_level(path: str) -> list[str]:
    """Return the area of the path and all above it, down to the county."""
    return lineage(path)[:4]


METHODS = {
    method.code: method
    for method in (
        Method(
            "clusters",
            _("Clusters and special places"),
            "lianfang.outlook.clusters",
            together,
            timedelta,
        ),
        Method(
            "chains",
            _("Chains of transmission"),
            "lianfang.outlook.chains",
            together,
            lambda: timedelta(minutes=settings.OUTLOOK_MINUTES),
        ),
        Method(
            "clocks",
            _("What the clocks cost"),
            "lianfang.outlook.clocks",
            every_level,
            lambda: timedelta(hours=24),
        ),
        Method(
            "treatments",
            _("Treatments and outcomes"),
            "lianfang.outlook.treatments",
            whole,
            lambda: timedelta(hours=24),
        ),
        Method(
            "beds",
            _("Beds occupied in the coming two weeks"),
            "lianfang.outlook.beds",
            together_and_above,
            lambda: timedelta(minutes=settings.OUTLOOK_MINUTES),
            of="beds",
        ),
    )
}


def methods_of(subject: str) -> list[Method]:
    """Return the methods that compute from cases, or from beds."""
    return [method for method in METHODS.values() if method.of == subject]
