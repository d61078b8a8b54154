"""Runs a piece of work again and again and kills it with SIGKILL at a random moment, until it has been killed often enough.

Runs in an interpreter of its own, which imports everything once and never opens the database: every attempt is a
process forked from it, so that the kill falls into the work and not into the start-up. Prints one line of JSON: how
many rounds and kills there were, and the state at the end, which is to be that of a run that nobody disturbed.
"""

import json
import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

# At most so many kills in a round of work: then it is let through.
MOST_IN_A_ROUND = 6
FAILED = 70

Act = Callable[[Callable[[Any], Any]], Any]


@dataclass
class Attempt:
    """One process: whether it was killed, how long it ran, what it said before."""

    killed: bool
    seconds: float
    said: list[Any] = field(default_factory=list)


def attempt(act: Act, *, kill_after: float | None = None) -> Attempt:
    """Do `act` in a process of its own; kill it after so many seconds unless it has ended by then."""
    reading, writing = os.pipe()
    started = time.monotonic()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        _live(act, writing)
    os.close(writing)
    ended = kill_after is None
    while not ended and time.monotonic() - started < (kill_after or 0):
        ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        time.sleep(0.001)
    if not ended:
        os.kill(pid, signal.SIGKILL)
    with os.fdopen(reading) as said:
        lines = [json.loads(line) for line in said if line.endswith("\n")]
    _pid, status = os.waitpid(pid, 0)
    seconds = time.monotonic() - started
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    if not killed and os.waitstatus_to_exitcode(status) != 0:
        raise RuntimeError(f"the work failed with status {os.waitstatus_to_exitcode(status)}; see above")
    return Attempt(killed, seconds, lines)


def _live(act: Act, writing: int) -> None:
    """Be the process: nothing of it returns."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    code = 0
    try:
        act(lambda said: os.write(writing, (json.dumps(said, default=str) + "\n").encode()))
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:  # noqa: BLE001 - a process ends here, whatever it died of
        traceback.print_exc()
        code = FAILED
    sys.stderr.flush()
    os._exit(code)


class Scenario:
    """A kind of work in rounds. Each of the acts runs in a process of its own."""

    def prepare(self, said: Any) -> None:
        """Make the database and what stands before the first round."""
        raise NotImplementedError

    def bring(self, n: int, said: Any) -> None:
        """Bring the work of round `n`; never killed."""

    def work(self, n: int, turn: int, said: Any) -> None:
        """Do the work of the round; killed, and begun again until it ends. `turn` counts the attempts of the round."""
        raise NotImplementedError

    def state(self, said: Any) -> None:
        """Say what can be compared with an undisturbed run."""
        raise NotImplementedError


def drive(scenario: Scenario, *, n_kills: int, n_rounds: int, seed: int) -> dict[str, Any]:
    """Go through rounds until there were `n_kills` kills; without any, through `n_rounds`."""
    dice = random.Random(seed)
    attempt(scenario.prepare)
    kills, rounds, longest, acknowledged = 0, 0, 0.0, []
    while kills < n_kills or rounds < n_rounds:
        attempt(lambda said, n=rounds: scenario.bring(n, said))  # type: ignore[misc]
        for turn in range(MOST_IN_A_ROUND + 1):
            # The first round is let through: it shows how long the work takes.
            spare = not n_kills or not rounds or turn == MOST_IN_A_ROUND
            done = attempt(
                lambda said, n=rounds, t=turn: scenario.work(n, t, said),  # type: ignore[misc]
                kill_after=None if spare else dice.uniform(0, longest),
            )
            kills += done.killed
            acknowledged += done.said
            if not done.killed:
                longest = done.seconds if spare else max(longest, done.seconds)
                break
        rounds += 1
    state = attempt(scenario.state).said[-1]
    return {"rounds": rounds, "kills": kills, "acknowledged": acknowledged, "state": state}


def main() -> None:
    import django

    django.setup()
    from django.db import connection

    from tests.acceptance import rounds

    name, n_kills, n_rounds, seed = sys.argv[1], *map(int, sys.argv[2:5])
    told = drive(rounds.SCENARIOS[name](*sys.argv[5:]), n_kills=n_kills, n_rounds=n_rounds, seed=seed)
    assert connection.connection is None, "the parent of all processes must hold no connection"
    print(json.dumps(told))


if __name__ == "__main__":
    main()
