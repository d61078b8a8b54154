"""The one form of complaint of this package: the parameter, the rule, the value got."""

from collections.abc import Sequence


def complain(parameter: str, rule: str, got: object) -> ValueError:
    """Return the error to raise when `parameter` breaks `rule`."""
    return ValueError(f"{parameter} must be {rule}. Got {got!r}.")


def within(parameter: str, value: float, low: float, high: float = float("inf")) -> None:
    """Raise ValueError unless `low` <= `value` <= `high`."""
    if not low <= value <= high:
        rule = f"at least {low:g}" if high == float("inf") else f"from {low:g} to {high:g}"
        raise complain(parameter, rule, value)


def positive(parameter: str, value: float) -> None:
    """Raise ValueError unless `value` > 0."""
    if not value > 0:
        raise complain(parameter, "greater than 0", value)


def shares(parameter: str, values: Sequence[float], length: int) -> None:
    """Raise ValueError unless `values` are `length` numbers from 0 to 1."""
    if len(values) != length:
        raise complain(parameter, f"{length} numbers", tuple(values))
    for place, value in enumerate(values):
        within(f"{parameter}[{place}]", value, 0, 1)
