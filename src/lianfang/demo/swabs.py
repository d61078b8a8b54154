"""The tests of the contacts of the demo world: taken on most of the days that the rules name, and mostly back by now."""

from datetime import datetime, timedelta

import numpy as np

from lianfang.cases.models import Finding
from lianfang.contacts.models import Contact, Swab, SwabDay
from lianfang.loop.touch import touch

_TAKEN = 0.93  # of the last two days; what was not taken before was taken late
_LATELY = timedelta(days=2)
_BACK_AFTER = timedelta(hours=19)
_LATE = 0.05  # of those taken, those of the next morning


def take_swabs(*, at: datetime, seed: int) -> int:
    """Take a specimen on most of the named days that have begun; return how many. The contacts who fell ill are cases."""
    rng = np.random.default_rng(seed + 2)
    made = []
    for day in SwabDay.objects.filter(since_at__lte=at).order_by("contact_id", "on"):
        if rng.random() > _TAKEN and day.since_at > at - _LATELY:
            continue
        hour = 33 if rng.random() < _LATE else 8
        taken_at = day.since_at + timedelta(hours=hour, minutes=int(rng.integers(7 * 60)))
        if taken_at > at or (day.until_at is not None and taken_at >= day.until_at):
            continue
        back_at = taken_at + _BACK_AFTER
        made.append(
            Swab(
                contact_id=day.contact_id,
                specimen="oropharyngeal_swab",
                kind="rt_pcr",
                number=f"K{day.contact_id:05d}-{day.number}",
                finding=Finding.NEGATIVE if back_at <= at else Finding.PENDING,
                resulted_at=back_at if back_at <= at else None,
                occurred_at=taken_at,
                recorded_at=taken_at,
            )
        )
    Swab.objects.bulk_create(made, batch_size=500)
    touch(Contact, {swab.contact_id for swab in made}, at=at)
    return len(made)
