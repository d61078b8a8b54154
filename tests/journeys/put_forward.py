"""Runs `lianfang` with a clock that stands ahead by as many seconds as a file says, so that weeks pass within a test.

Nothing else is invented: the same server, the same loop. LIANFANG_AHEAD names the file.
"""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lianfang.cli import main, site
from lianfang.common import clock

_FILE = Path(os.environ["LIANFANG_AHEAD"])
_turn = site._turn_the_loop


def _ahead() -> float:
    return float(_FILE.read_text("utf-8"))


def _now() -> datetime:
    return (datetime.now(UTC) + timedelta(seconds=_ahead())).replace(microsecond=0)


def _turn_the_loop(worker: object) -> None:
    """Start the loop so that a full pass is due whenever the clock was put forward, even while one is under way."""
    from lianfang.loop import worker as loop

    class Ahead(loop.Worker):
        seen = 0.0

        def _once(self) -> None:
            ahead = _ahead()
            if ahead != self.seen:
                self.seen, self._swept = ahead, 0.0
            super()._once()

    loop.Worker = Ahead  # type: ignore[misc]
    _turn(worker)


clock.now = _now  # before any door imports it
site._turn_the_loop = _turn_the_loop
main.run()
