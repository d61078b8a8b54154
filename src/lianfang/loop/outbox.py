"""Messages that leave the house: a row in the writer's transaction first, the sending a second step that may be repeated.

Delivery is at least once. The key of a message travels with it (`Idempotency-Key`), so that a receiver can drop the
second of two. In-app messages count as sent when their moment has come.
"""

import smtplib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.utils.translation import gettext

from lianfang.common.errors import LianfangError
from lianfang.core.registry.models import Unit
from lianfang.loop.models import Channel, Message
from lianfang.loop.webhook import DeliveryFailed, post_json

# Technical, not a rule of the field: the n-th retry waits twice as long as the one before, at most six hours.
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=6)
MOST_ATTEMPTS = 20
_BATCH = 100


def enqueue(
    units: Iterable[Unit],
    *,
    kind: str,
    key: str,
    body: dict[str, Any],
    at: datetime,
    send_after: datetime | None = None,
) -> int:
    """Queue one message for each unit on each channel that it has; a key that was used before queues nothing.

    `key` names the matter; unit and channel are added to it. `body` holds counts and ids, never a person's name: it
    travels by e-mail. Returns how many messages were new.
    """
    rows = [
        Message(
            channel=channel,
            unit=unit,
            kind=kind,
            key=f"{key}:{unit.pk}:{channel}",
            subject=subject_of(kind),
            body=body,
            queued_at=at,
            send_after=send_after or at,
        )
        for unit in units
        for channel in _channels(unit)
    ]
    before = Message.objects.filter(key__in=[row.key for row in rows]).count()
    Message.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)
    return len(rows) - before


def _channels(unit: Unit) -> list[Channel]:
    channels = [Channel.IN_APP]
    if unit.email:
        channels.append(Channel.EMAIL)
    if unit.webhook:
        channels.append(Channel.WEBHOOK)
    return channels


def subject_of(kind: str) -> str:
    """Return the subject line of a kind of message, in the language of the site."""
    subjects = {
        "escalation": gettext("Duties below you are late"),
        "shedding": gettext("Part of a duty is not done by hand for a time"),
        "feedback": gettext("What became of your reports"),
    }
    return subjects.get(kind, kind)


def send_waiting(*, at: datetime) -> int:
    """Send what is due; return how many messages left. A failure is kept on the message and tried again later.

    Each message is given its next attempt before it is sent: a crash in between sends it a second time, with the same
    key, and never loses it.
    """
    sent = Message.objects.filter(channel=Channel.IN_APP, sent_at__isnull=True, send_after__lte=at).update(
        sent_at=at
    )
    for message in _take(at):
        failure = _deliver(message)
        if failure is None:
            Message.objects.filter(pk=message.pk).update(sent_at=at, failure="")
            sent += 1
        else:
            Message.objects.filter(pk=message.pk).update(failure=failure[:1000])
    return sent


@transaction.atomic
def _take(at: datetime) -> list[Message]:
    waiting = Message.objects.filter(sent_at__isnull=True, send_after__lte=at, attempts__lt=MOST_ATTEMPTS)
    waiting = waiting.exclude(channel=Channel.IN_APP).select_related("unit").order_by("send_after", "pk")
    if connection.vendor == "postgresql":  # a second worker takes other messages
        waiting = waiting.select_for_update(skip_locked=True, of=("self",))
    taken = list(waiting[:_BATCH])
    for message in taken:
        message.attempts += 1
        message.send_after = at + min(FIRST_WAIT * 2 ** (message.attempts - 1), LONGEST_WAIT)
    Message.objects.bulk_update(taken, ["attempts", "send_after"])
    return taken


def _deliver(message: Message) -> str | None:
    """Send one message; return what went wrong, or None."""
    try:
        if message.channel == Channel.EMAIL:
            _mail(message)
        else:
            post_json(message.unit.webhook, envelope(message), key=message.key)
    except (DeliveryFailed, LianfangError, smtplib.SMTPException, OSError) as error:
        return f"{type(error).__name__}: {error}"
    return None


def envelope(message: Any) -> dict[str, Any]:
    """Return what a receiver gets as JSON."""
    return {
        "kind": message.kind,
        "key": message.key,
        "unit": message.unit.code,
        "subject": message.subject,
        "body": message.body,
        "queued_at": message.queued_at.isoformat(),
    }


def _mail(message: Message) -> None:
    lines = [f"{name}: {value}" for name, value in _flat(message.body)]
    EmailMessage(
        subject=message.subject,
        body="\n".join([str(message.unit), "", *lines]),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[message.unit.email],
        headers={"Idempotency-Key": message.key},
    ).send()


def _flat(body: dict[str, Any], stem: str = "") -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = []
    for name, value in body.items():
        rows += _flat(value, f"{stem}{name}.") if isinstance(value, dict) else [(f"{stem}{name}", value)]
    return rows
