"""Sealing of personal particulars: AES-256-GCM for reading back, keyed hashes for finding again.

The setting IDENTITY_KEY holds one or more keys, `2:<64 hex>,1:<64 hex>`; a bare `<64 hex>` is version 1. The first
key seals; the others still open what they sealed, so a key can be changed while the site runs. Two keys are derived
from each (HKDF-SHA256, RFC 5869): one seals, one hashes, so that neither use weakens the other.

A sealed text is: version (1 byte), nonce (12 bytes), ciphertext and tag. The context (what kind of thing it is) is
authenticated, so that a sealed phone number cannot be passed off as a name.
"""

import hmac
import os
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from lianfang.common.errors import LianfangError

_NONCE = 12
_TAG = 16
DIGEST_BYTES = 16


class Unopenable(LianfangError):  # noqa: N818
    """A sealed text could not be opened: {reason}."""

    code = "common.unopenable"
    hint = "Set LIANFANG_IDENTITY_KEY to the key with which this site was set up; several keys are separated by commas."


class BadKey(LianfangError):  # noqa: N818
    """The identity key is not usable: {reason}."""

    code = "common.bad_key"
    hint = "LIANFANG_IDENTITY_KEY is 64 hexadecimal characters, or version:key pairs separated by commas, newest first."


@dataclass(frozen=True)
class Key:
    """One version of the key, as the cipher that seals and the hash, begun with the secret, that is copied for each text."""

    version: int
    cipher: AESGCM
    hash: hmac.HMAC


def keys() -> tuple[Key, ...]:
    """Return the keys of the site, the one that seals first."""
    return _parse(settings.IDENTITY_KEY)


@lru_cache(maxsize=8)
def _parse(text: str) -> tuple[Key, ...]:
    found: list[Key] = []
    for part in text.split(","):
        number, _, digits = part.strip().rpartition(":")
        try:
            version, secret = int(number or 1), bytes.fromhex(digits)
        except ValueError:
            raise BadKey(reason="it is not hexadecimal") from None
        if len(secret) != 32 or not 1 <= version <= 255:
            raise BadKey(reason="a key has 64 hexadecimal characters and a version from 1 to 255")
        begun = hmac.new(_derive(secret, b"find"), digestmod=sha256)
        found.append(Key(version, AESGCM(_derive(secret, b"seal")), begun))
    if len({key.version for key in found}) != len(found):
        raise BadKey(reason="two keys have the same version")
    return tuple(found)


def _derive(secret: bytes, use: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"lianfang." + use).derive(secret)


def seal(text: str, *, context: str) -> bytes:
    """Return `text` sealed under the newest key; the same text sealed twice differs."""
    return Sealer().seal(text, context)


class Sealer:
    """Seals many texts: reads the keys from the settings once, and `seal` for each."""

    def __init__(self) -> None:
        self._key = keys()[0]
        self._mark = bytes([self._key.version])

    def seal(self, text: str, context: str) -> bytes:
        """Return the text sealed, as `seal` does."""
        nonce = os.urandom(_NONCE)
        return self._mark + nonce + self._key.cipher.encrypt(nonce, text.encode(), context.encode())


def unseal(sealed: bytes | memoryview, *, context: str) -> str:
    """Return the text; raise Unopenable where the key is missing, or the bytes or their context were changed."""
    return Opener().open(sealed, context)


class Opener:
    """Opens many sealed texts: reads the keys from the settings once, and `unseal` for each."""

    def __init__(self) -> None:
        self._ciphers = {key.version: key.cipher for key in keys()}

    def open(self, sealed: bytes | memoryview, context: str) -> str:
        """Return the text, as `unseal` does."""
        blob = bytes(sealed)
        if len(blob) < 1 + _NONCE + _TAG:
            raise Unopenable(reason="it is too short, or was erased")
        cipher = self._ciphers.get(blob[0])
        if cipher is None:
            raise Unopenable(reason=f"key version {blob[0]} is not in the settings")
        try:
            return cipher.decrypt(blob[1 : 1 + _NONCE], blob[1 + _NONCE :], context.encode()).decode()
        except InvalidTag:
            raise Unopenable(reason="it was changed, or sealed under another key") from None


def is_current(sealed: bytes | memoryview) -> bool:
    """Return whether the bytes are sealed under the newest key."""
    return bytes(sealed[:1]) == bytes([keys()[0].version])


def digests(form: str, text: str) -> list[bytes]:
    """Return the keyed hash of `text` under every key, the newest first (HMAC-SHA256, first 128 bits).

    The form is part of what is hashed: equal texts of different forms cannot be told to be equal.
    """
    return Hasher().digests(form, text)


class Hasher:
    """Hashes many texts: reads the keys from the settings once, and `digests` for each."""

    def __init__(self) -> None:
        self._begun = [key.hash for key in keys()]

    def digests(self, form: str, text: str) -> list[bytes]:
        """Return the keyed hashes of the text, as `digests` does."""
        message = f"{form}\0{text}".encode()
        return [_hashed(begun, message) for begun in self._begun]

    def newest(self, form: str, text: str) -> bytes:
        """Return the keyed hash of the text under the newest key."""
        return _hashed(self._begun[0], f"{form}\0{text}".encode())


def _hashed(begun: hmac.HMAC, message: bytes) -> bytes:
    one = begun.copy()
    one.update(message)
    return one.digest()[:DIGEST_BYTES]
