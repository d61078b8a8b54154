"""A story told against the clock: who acts, through which door, and how time passes with the loop turning on it."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.test import Client

from lianfang.common.clock import site_zone
from lianfang.core.access.actor import Actor
from lianfang.loop.models import Task
from lianfang.loop.worker import sweep, turn
from tests.acceptance.wholeness import gaps
from tests.world import World

HOUR = timedelta(hours=1)


def local(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of February 2020 at the site."""
    return datetime(2020, 2, day, hour, minute, tzinfo=site_zone()).astimezone(UTC)


@dataclass
class Story:
    """The clock, the people who act, and what is remembered for the end."""

    world: World
    at: datetime
    seen: dict[str, Any] = field(default_factory=dict)
    snapshots: dict[datetime, set[tuple[int, int, datetime]]] = field(default_factory=dict)

    def who(self, name: str) -> Actor:
        return self.world.actor(name, self.at)

    def client(self, name: str) -> Client:
        client = Client(headers={"accept-language": "en"})
        client.force_login(self.world.users[name])
        return client

    def post(self, name: str, url: str, body: dict[str, Any]) -> Any:
        """Call an endpoint as somebody of the cast, by the browser's session."""
        return self.client(name).post(url, json.dumps(body), content_type="application/json")

    def go(self, to: datetime, step: timedelta = HOUR) -> None:
        """Let time pass until `to`, the loop turning every `step` and sweeping every sixth time."""
        n = 0
        while self.at < to:
            self.at = min(self.at + step, to)
            n += 1
            done = turn(at=self.at) if n % 6 else sweep(at=self.at)
            assert done.failed == []

    def turn(self) -> None:
        assert turn(at=self.at).failed == []

    def outage(self, to: datetime) -> None:
        """Let time pass without any worker."""
        self.at = to

    def remember(self) -> None:
        """Note what is owed at this moment, for the replay at the end."""
        self.turn()
        rows = Task.objects.filter(status="open").values_list("pk", "unit_id", "due_at")
        self.snapshots[self.at] = set(rows)

    def is_whole(self) -> None:
        """Nothing owed without a task, no task without being owed (bar 5)."""
        found = gaps(self.at)
        assert not found, found
