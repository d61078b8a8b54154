"""The numbers of an outbreak: arrays in, frozen results out.

Stands on its own: NumPy, SciPy, numba and Polars, no Django, no other package of Lianfang. Time is the first axis
of every array; where a second axis is given it is the series (regions), and all series are computed at once.

A topic is a module, read when first asked for: `from lianfang.analytics import rt`, then
`rt.reproduction_number(...)`. What a topic lists in `__all__` is public; everything else may change.
"""

from importlib import import_module
from types import ModuleType

__all__ = [
    "aberration",
    "artefacts",
    "beds",
    "beds_chime",
    "beds_outlook",
    "beds_stay",
    "chains",
    "clocks",
    "clocks_measured",
    "clocks_renewal",
    "clusters",
    "delays",
    "final_size",
    "forecast",
    "forecast_renewal",
    "nowcast",
    "poverty",
    "poverty_multidimensional",
    "priors",
    "renewal",
    "rt",
    "scan",
    "scoring",
    "severity",
    "severity_records",
]


def __getattr__(name: str) -> ModuleType:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f"{__name__}.{name}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
