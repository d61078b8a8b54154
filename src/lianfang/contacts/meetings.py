"""Further meetings of a contact: which one is new, which only says more of one on file, and which is on file already."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lianfang.contacts.models import Exposure, Origin, Protection

# What can be said of a meeting beside its days; blank says nothing.
SAID = (
    "minutes", "place_id", "place_text", "setting", "proximity", "distance_m", "protection", "counts_because",
)  # fmt: skip
_BLANK = ("", None, Protection.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Absorbed:
    """What becomes of a meeting: written or not, and the exposure that it corrects."""

    is_written: bool
    corrects: Exposure | None = None


def absorb(meeting: Exposure, standing: Sequence[Exposure]) -> Absorbed:
    """Return what becomes of `meeting` beside those on file; where it corrects one it takes over what it leaves blank.

    Two meetings of one day in two settings are two; a file that says otherwise than it did corrects itself.
    """
    said = {name: value for name in SAID if (value := getattr(meeting, name)) not in _BLANK}
    for each in standing:
        if not _same_days(meeting, each):
            continue
        if all(getattr(each, name) == value for name, value in said.items()):
            if meeting.from_on is None or each.from_on is not None:
                return Absorbed(is_written=False)
        elif not (_fills(each, said) or meeting.origin == each.origin == Origin.FILE):
            continue
        _take_over(meeting, each)
        return Absorbed(is_written=True, corrects=each)
    return Absorbed(is_written=not any(_covers(each, meeting, said) for each in standing))


def _same_days(meeting: Exposure, each: Exposure) -> bool:
    starts_alike = meeting.from_on is None or each.from_on is None or meeting.from_on == each.from_on
    return each.to_on == meeting.to_on and starts_alike


def _fills(each: Exposure, said: dict[str, Any]) -> bool:
    return all(getattr(each, name) in (*_BLANK, value) for name, value in said.items())


def _covers(each: Exposure, meeting: Exposure, said: dict[str, Any]) -> bool:
    first, last = meeting.from_on or meeting.to_on, meeting.to_on
    inside = (each.from_on or each.to_on) <= first and last <= each.to_on
    return inside and all(getattr(each, name) == value for name, value in said.items())


def _take_over(meeting: Exposure, each: Exposure) -> None:
    meeting.from_on = meeting.from_on or each.from_on
    for name in SAID:
        if getattr(meeting, name) in _BLANK:
            setattr(meeting, name, getattr(each, name))
