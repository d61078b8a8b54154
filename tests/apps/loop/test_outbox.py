"""Messages leave at least once, with their key, and never into the site's own network unless it says so."""

import itertools
import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.core import mail
from tests.world import NOON, World

from lianfang.loop import outbox
from lianfang.loop.errors import AddressRefused
from lianfang.loop.models import Message
from lianfang.loop.outbox import enqueue, send_waiting
from lianfang.loop.selectors import failing_messages, worker_state
from lianfang.loop.services import read_messages
from lianfang.loop.webhook import DeliveryFailed, is_open, post_json

pytestmark = pytest.mark.django_db


class Receiver(ThreadingHTTPServer):
    """A real web server that notes what it gets and answers as told."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.got: list[tuple[str, dict]] = []
        self.status = 204

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook?site=1"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.headers["Idempotency-Key"], json.loads(body)))
        self.send_response(self.server.status)
        if self.server.status == 302:
            self.send_header("Location", self.server.url)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def queue(world: World, key: str = "late:1", **unit: str) -> Message:
    one = world.units["420106-cdc"]
    for name, value in unit.items():
        setattr(one, name, value)
    one.save()
    enqueue(
        [one], kind="escalation", key=key, body={"n_late": 3, "by_duty": {"cases.investigate": 3}}, at=NOON
    )
    return Message.objects.get(channel="email" if unit.get("email") else "webhook" if unit else "in_app")


def test_a_key_is_used_once(world: World) -> None:
    queue(world)
    assert enqueue([world.units["420106-cdc"]], kind="x", key="late:1", body={}, at=NOON) == 0
    assert enqueue([world.units["420107-cdc"]], kind="x", key="late:1", body={}, at=NOON) == 1


def test_in_app_messages_arrive_at_their_hour_and_are_read(world: World) -> None:
    units = [world.units["420106-cdc"]]
    enqueue(units, kind="escalation", key="k", body={}, at=NOON, send_after=NOON + timedelta(hours=1))
    message = Message.objects.get()
    assert send_waiting(at=NOON) == 0
    assert send_waiting(at=NOON + timedelta(hours=1)) == 1
    later = NOON + timedelta(hours=2)
    assert read_messages(messages=[message.pk], by=world.actor("dina"), at=later) == 0
    assert read_messages(messages=[message.pk], by=world.actor("alice"), at=later) == 1
    assert read_messages(messages=[message.pk], by=world.actor("alice"), at=later) == 0


def test_e_mail_carries_counts_and_the_key(world: World) -> None:
    queue(world, email="cdc@dongshan.example")
    send_waiting(at=NOON)
    sent = mail.outbox[0]
    assert sent.to == ["cdc@dongshan.example"]
    assert sent.extra_headers["Idempotency-Key"] == f"late:1:{world.units['420106-cdc'].pk}:email"
    assert "by_duty.cases.investigate: 3" in sent.body


def test_a_webhook_is_repeated_until_it_is_taken(
    world: World, receiver: Receiver, settings: pytest.FixtureRequest
) -> None:
    settings.WEBHOOK_PRIVATE = True
    message = queue(world, webhook=receiver.url)
    receiver.status = 503
    moments = [NOON]
    send_waiting(at=NOON)
    message.refresh_from_db()
    assert "503" in message.failure
    assert list(failing_messages()) == [message]
    assert worker_state(at=NOON + timedelta(hours=1)).n_unsent == 1
    for _ in range(3):  # waits grow: 1, 2, 4 minutes
        moments.append(message.send_after)
        send_waiting(at=message.send_after - timedelta(seconds=1))
        send_waiting(at=message.send_after)
        message.refresh_from_db()
    gaps = [(b - a).total_seconds() for a, b in itertools.pairwise(moments)]
    assert gaps == [60, 120, 240]
    assert len(receiver.got) == 4
    receiver.status = 200
    send_waiting(at=message.send_after)
    message.refresh_from_db()
    assert message.sent_at is not None
    assert message.failure == ""
    keys = {key for key, _ in receiver.got}
    assert keys == {message.key}  # one key for all attempts: the receiver can drop the second of two
    assert receiver.got[-1][1]["body"]["n_late"] == 3


def test_a_message_is_given_up_after_many_attempts(world: World, receiver: Receiver, settings) -> None:
    settings.WEBHOOK_PRIVATE = True
    message = queue(world, webhook=receiver.url)
    Message.objects.filter(pk=message.pk).update(attempts=outbox.MOST_ATTEMPTS - 1)
    receiver.status = 500
    send_waiting(at=NOON)
    send_waiting(at=NOON + timedelta(days=1))
    assert len(receiver.got) == 1
    assert worker_state(at=NOON).n_given_up == 1


def test_a_dead_receiver_stops_no_other_message(world: World, receiver: Receiver, settings) -> None:
    settings.WEBHOOK_PRIVATE = True
    queue(world, webhook="http://127.0.0.1:9/nobody-listens")
    queue_other = world.units["420107-cdc"]
    queue_other.webhook = receiver.url
    queue_other.save()
    enqueue([queue_other], kind="x", key="other", body={}, at=NOON)
    send_waiting(at=NOON)
    assert len(receiver.got) == 1
    assert failing_messages().get().attempts == 1


def test_redirects_are_not_followed(receiver: Receiver, settings) -> None:
    settings.WEBHOOK_PRIVATE = True
    receiver.status = 302
    with pytest.raises(DeliveryFailed, match="302"):
        post_json(receiver.url, {}, key="k")
    assert len(receiver.got) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost:8000/",
        "http://10.1.2.3/",
        "http://192.168.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://0.0.0.0/",
        "http://2130706433/",  # 127.0.0.1 as one number
        "ftp://example.org/",
        "file:///etc/passwd",
        "http://user:secret@example.org/",
        "http:///nowhere",
    ],
)
def test_the_own_network_is_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        post_json(url, {}, key="k")


@pytest.mark.parametrize(
    ("address", "open_"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("fe80::1%eth0", False),
        ("fc00::1", False),
        ("::ffff:127.0.0.1", False),
        ("64:ff9b::a00:1", False),
        ("2002:a00:1::", False),
    ],
)
def test_which_addresses_are_open(address: str, open_: bool) -> None:
    assert is_open(address) is open_
