"""The process that turns the loop: what was touched at once, everything every few minutes, and then what follows.

A turn is: derive again what touched facts change, one incremental pass of each duty that may be concerned, news for
sources; then escalation, shedding and the outbox. A sweep is a pass of everything: the second net, in which whatever a
turn missed is caught. Between two whole sweeps a short one looks, of daily duties, at the days that have come since.
Any number of workers may run; they wait for one another duty by duty.
"""

import logging
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, connection
from django.db.models import Exists, OuterRef, Q
from django.utils import translation

from lianfang.common.clock import local_day
from lianfang.loop.derivation import Derivation, derivations
from lianfang.loop.duty import Duty, duties
from lianfang.loop.escalation import escalate, send_digests
from lianfang.loop.feedback import feedback_rules, tell_by, touched_by
from lianfang.loop.models import Pass
from lianfang.loop.outbox import send_waiting
from lianfang.loop.reconcile import Claimed, Outcome, claim, reconcile, release
from lianfang.loop.shedding import apply_shedding

log = logging.getLogger(__name__)
T = TypeVar("T")

# Touched rows of one turn: bounds the memory and time of a turn after a large import.
BATCH = 20_000
# What was touched by deriving is taken up in the same turn, this often at most.
_ROUNDS = 5
# A duty that failed is tried again in full after this long; the sweep tries it too.
RETRY_AFTER = timedelta(minutes=1)
# Idle full passes are worth keeping while somebody may ask whether the loop ran.
KEEP_IDLE = timedelta(days=7)
_LONGEST_PAUSE = 60.0


@dataclass(kw_only=True)
class Turned:
    """What a turn or a sweep did."""

    touched: int = 0
    derived: int = 0
    outcomes: list[Outcome] = field(default_factory=list)
    told: int = 0
    shed: int = 0
    escalated: int = 0
    digests: int = 0
    sent: int = 0
    failed: list[str] = field(default_factory=list)

    def add(self, outcome: Outcome | None) -> None:
        """Note what a pass did, unless it failed."""
        if outcome is not None:
            self.outcomes.append(outcome)

    @property
    def written(self) -> int:
        """How many tasks were written."""
        return sum(outcome.written for outcome in self.outcomes)


def turn(*, at: datetime, batch: int = BATCH, leave: Collection[str] = ()) -> Turned:
    """Work off what was touched, then do what follows from the state and the clock.

    `leave` names duties (`care.admit`) and derivations (`StudyRuns`) that are left to the next sweep: for a world that is
    told in a hurry.
    """
    done = Turned()
    for _ in range(_ROUNDS):
        claimed = claim(batch, at=at)
        if not claimed.n_rows:
            break
        _work_off(claimed, done, at, leave)
        release()
    for duty in _to_retry(at):
        done.add(_guarded(done, duty.code, at, partial(reconcile, duty, at=at)))
    _follow_up(done, at)
    return done


def sweep(*, at: datetime, whole_at: datetime | None = None) -> Turned:
    """Derive what the clock or an edition made stale, run a pass of every duty, and do what follows.

    With `whole_at`, the moment of the last whole sweep, the sweep is short: of daily duties it looks at the days after
    that one, and at today. What is older can change by facts alone, and those are touched.
    """
    done, first_day = Turned(), None
    if whole_at is not None:
        first_day = min(local_day(at), local_day(whole_at) + timedelta(days=1))
    for derivation in derivations:
        done.derived += _guarded(done, _name(derivation), at, partial(_derive_stale, derivation, at)) or 0
    for duty in duties:
        done.add(_guarded(done, duty.code, at, partial(reconcile, duty, at=at, first_day=first_day)))
    for rule in feedback_rules:
        done.told += _guarded(done, rule.code, at, partial(tell_by, rule, at=at)) or 0
    _follow_up(done, at)
    _forget_idle_passes(at)
    return done


def _work_off(claimed: Claimed, done: Turned, at: datetime, leave: Collection[str]) -> None:
    done.touched += claimed.n_rows
    for derivation in derivations:
        ids = [] if type(derivation).__name__ in leave else _watched(derivation, claimed)
        if ids:
            _derive_touched(derivation, ids, done, at)
    for duty in duties:
        subjects = [] if duty.code in leave else touched_by(duty, claimed)
        if subjects:
            done.add(_guarded(done, duty.code, at, partial(reconcile, duty, at=at, subjects=subjects)))
    for rule in feedback_rules:
        done.told += _guarded(done, rule.code, at, partial(tell_by, rule, at=at, claimed=claimed)) or 0


def _watched(derivation: Derivation, claimed: Claimed) -> list[int]:
    ids: set[int] = set()
    for label, watch in derivation.watches.items():
        if label in claimed.labels:
            ids.update(watch(claimed.ids(label)).values_list("pk", flat=True))
    return sorted(ids)


def _derive_touched(derivation: Derivation, ids: list[int], done: Turned, at: datetime) -> None:
    """Derive again; where one row cannot be, the others are derived one by one and that one is reported."""
    derived = _guarded(done, _name(derivation), at, partial(derivation.derive, ids, at))
    if derived is None and len(ids) > 1:
        for pk in ids:
            name = f"{_name(derivation)}#{pk}"[:60]
            done.derived += _guarded(done, name, at, partial(derivation.derive, [pk], at)) or 0
    done.derived += derived or 0


def _derive_stale(derivation: Derivation, at: datetime) -> int:
    return derivation.derive(list(derivation.stale(at)), at)


def _name(derivation: Derivation) -> str:
    return f"derive.{type(derivation).__name__}"


def _follow_up(done: Turned, at: datetime) -> None:
    # Shedding comes first: what is shed by policy does not climb.
    done.shed += _guarded(done, "loop.shed", at, partial(apply_shedding, at=at)) or 0
    done.escalated += _guarded(done, "loop.escalate", at, partial(escalate, at=at)) or 0
    done.digests += _guarded(done, "loop.digest", at, partial(send_digests, at=at)) or 0
    done.sent += _guarded(done, "loop.send", at, partial(send_waiting, at=at)) or 0


def _guarded(done: Turned, name: str, at: datetime, act: Callable[[], T]) -> T | None:
    """Do one thing; should it fail, write that down where people see it, and let the other things go on.

    A lost connection or a deadlock is nobody's fault but the moment's: it ends the turn, which is then repeated.
    """
    try:
        return act()
    except Exception as error:  # the one guard: a broken duty must not stop the others
        if _is_momentary(error):
            raise
        log.exception("%s failed", name)
        done.failed.append(name)
        Pass.objects.create(duty=name, full=False, at=at, failure=f"{type(error).__name__}: {error}"[:2000])
        return None


def _is_momentary(error: Exception) -> bool:
    """Return whether the same may well succeed a moment later; SQLite calls a wrong statement operational, too."""
    if isinstance(error, InterfaceError):
        return True
    code = getattr(error.__cause__, "sqlite_errorcode", None)
    return isinstance(error, OperationalError) and code != sqlite3.SQLITE_ERROR


def _to_retry(at: datetime) -> list[Duty]:
    """Return the duties that failed some time ago and had no full pass since: they have missed what was touched."""
    failures = Pass.objects.exclude(failure="")
    since = Pass.objects.filter(duty=OuterRef("duty"), pk__gt=OuterRef("pk"))
    healed = Exists(since.filter(full=True, failure=""))
    just_now = Exists(since.filter(at__gt=at - RETRY_AFTER).exclude(failure=""))
    open_ = failures.filter(~healed, ~just_now, at__lte=at - RETRY_AFTER)
    broken = set(open_.order_by().values_list("duty", flat=True))
    return [duty for duty in duties if duty.code in broken] if broken else []


def _forget_idle_passes(at: datetime) -> None:
    idle = Q(opened=0, changed=0, met=0, reopened=0, withdrawn=0, failure="")
    old = Pass.objects.filter(idle, at__lt=at - KEEP_IDLE)
    old._raw_delete(old.db)  # noqa: SLF001 - nothing refers to an idle pass


class Worker:
    """Turns the loop until it is told to stop; SIGTERM and SIGINT end it after the step at hand."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._stop = threading.Event()
        self._swept = 0.0
        self._whole_at: datetime | None = None
        self._pause = 0.0

    def stop(self, *_signal: object) -> None:
        """Ask the worker to end."""
        self._stop.set()

    def run(self) -> None:
        """Turn until stopped. In the main thread the signals of the process end it."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, self.stop)
            signal.signal(signal.SIGINT, self.stop)
        translation.activate(settings.LANGUAGE_CODE)
        while not self._stop.is_set():
            self._once()
            self._stop.wait(self._pause or settings.LOOP_TURN_SECONDS)
        connection.close()

    def _once(self) -> None:
        close_old_connections()
        try:
            if not self._swept or time.monotonic() - self._swept >= settings.LOOP_SWEEP_SECONDS:
                self._sweep(self._clock())
            turn(at=self._clock())
            self._pause = 0.0
        except (OperationalError, InterfaceError):
            self._pause = min(max(2 * self._pause, 1.0), _LONGEST_PAUSE)
            log.exception("the database did not answer; trying again in %.0f s", self._pause)
            connection.close()

    def _sweep(self, at: datetime) -> None:
        """Sweep: the whole at first, when it is time again, and after the clock was set back."""
        last, every = self._whole_at, timedelta(seconds=settings.LOOP_WHOLE_SECONDS)
        is_whole = last is None or not last <= at < last + every
        sweep(at=at, whole_at=None if is_whole else last)
        self._whole_at = at if is_whole else last
        self._swept = time.monotonic()
