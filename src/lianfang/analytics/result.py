"""What every result of this package has in common: it is frozen, knows how it was made, and shows itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import TYPE_CHECKING, Any

import polars as pl

from lianfang.analytics.drawing import finish, new_axes

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


__all__ = ["Provenance", "Result", "new_axes"]


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """How a result came about: enough to compute it again.

    `parameters` are the arguments that shaped it (scalars and short arrays), `inputs` a digest and the shape of
    each data array, `source` the paper whose formula was used, `seed` the seed of any random draw.
    """

    method: str
    source: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    seed: int | None = None


@dataclass(frozen=True, kw_only=True)
class Result:
    """Base of all results; a subclass adds its arrays and says how it is tabulated and drawn."""

    provenance: Provenance

    def __init_subclass__(cls) -> None:
        """Have every drawing finished in one way (dates, Chinese letters), whoever draws it."""
        if "plot" in vars(cls):
            cls.plot = _finished(cls.plot)  # type: ignore[method-assign]

    def table(self) -> Mapping[str, Any]:
        """Return the result as equally long columns, in reading order."""
        raise NotImplementedError(f"{type(self).__name__} must say what its columns are")

    def to_polars(self) -> pl.DataFrame:
        """Return the columns of `table` as a Polars frame."""
        return pl.DataFrame(dict(self.table()))

    def to_pandas(self) -> "pd.DataFrame":
        """Return the columns of `table` as a pandas frame; ImportError says how to get pandas where it is missing."""
        try:
            import pandas as pd  # noqa: PLC0415 - pandas is optional and slow to start
        except ImportError as error:
            raise ImportError("to_pandas() needs pandas: pip install pandas, or use to_polars().") from error

        return pd.DataFrame(dict(self.table()))

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the result on `ax`, or on a new figure, and return the axes (needs matplotlib)."""
        raise NotImplementedError(f"{type(self).__name__} must say how it is drawn")


def _finished(plot: Callable[..., "Axes"]) -> Callable[..., "Axes"]:
    @wraps(plot)
    def drawn(*args: Any, **options: Any) -> "Axes":
        return finish(plot(*args, **options))

    return drawn
