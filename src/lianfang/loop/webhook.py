"""Posting to addresses that units have entered, without becoming a way into the site's own network.

Only http and https, no credentials in the address, no redirects followed. The name is resolved once, every address it
has must be in the open network, and the connection goes to that very address: a name that changes its answer between
the check and the connection gains nothing.
"""

import http.client
import ipaddress
import json
import socket
import ssl
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.utils.translation import gettext

from lianfang.loop.errors import AddressRefused


class DeliveryFailed(Exception):  # noqa: N818 - read aloud it is what happened
    """The receiver did not take the message."""


def post_json(url: str, content: Mapping[str, Any], *, key: str) -> None:
    """Post `content`; anything but a 2xx answer within the time limit is DeliveryFailed."""
    parts = _parts(url)
    address = _open_address(url, parts)
    line = _connect(parts, address)
    try:
        body = json.dumps(content, ensure_ascii=False).encode()
        line.request("POST", _target(parts), body, _headers(key))
        answer = line.getresponse()
        answer.read(1024)
    except (http.client.HTTPException, OSError) as error:
        raise DeliveryFailed(f"{type(error).__name__}: {error}") from error
    finally:
        line.close()
    if not HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
        raise DeliveryFailed(f"the receiver answered {answer.status} {answer.reason}")


def _parts(url: str) -> SplitResult:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"}:
        raise AddressRefused(url=url, reason=gettext("only http and https are used"))
    if not parts.hostname:
        raise AddressRefused(url=url, reason=gettext("it names no host"))
    if parts.username or parts.password:
        raise AddressRefused(url=url, reason=gettext("it holds a password"))
    return parts


def _open_address(url: str, parts: SplitResult) -> tuple[str, int]:
    """Return the address and port to connect to; every address of the name must be open."""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        raise DeliveryFailed(f"the name {parts.hostname} is not known: {error}") from error
    addresses = [str(row[4][0]) for row in found]
    if not settings.WEBHOOK_PRIVATE:
        for address in addresses:
            if not is_open(address):
                raise AddressRefused(
                    url=url, reason=gettext("{address} is not in the open network").format(address=address)
                )
    return addresses[0], port


def is_open(address: str) -> bool:
    """Return whether an IP address belongs to the open network, also when it is wrapped in an IPv6 address."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or _nat64(ip)
        if inner is not None:
            return is_open(str(inner))
    return ip.is_global and not ip.is_multicast


def _nat64(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if ip in ipaddress.IPv6Network("64:ff9b::/96"):
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return None


def _connect(parts: SplitResult, address: tuple[str, int]) -> http.client.HTTPConnection:
    host, port = str(parts.hostname), address[1]
    limit = settings.WEBHOOK_SECONDS
    line = http.client.HTTPConnection(host, port, timeout=limit)
    try:
        plain = socket.create_connection(address, timeout=limit)
        line.sock = (
            ssl.create_default_context().wrap_socket(plain, server_hostname=host)
            if parts.scheme == "https"
            else plain
        )
    except OSError as error:
        raise DeliveryFailed(f"{type(error).__name__}: {error}") from error
    return line


def _target(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _headers(key: str) -> dict[str, str]:
    return {
        "Content-Type": "application/json; charset=utf-8",
        "Idempotency-Key": key,
        "User-Agent": "Lianfang",
    }
