"""Typed readers of environment variables; each setting names itself, its default and its meaning in one call."""

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

DECLARED: dict[str, "Variable"] = {}


@dataclass(frozen=True)
class Variable:
    """One documented environment variable (docs/reference/settings.md is made from these)."""

    name: str
    default: str
    meaning: str


def text(name: str, default: str, meaning: str) -> str:
    """Return the variable's text; `NAME_FILE` may point to a file that holds it (for secrets)."""
    DECLARED[name] = Variable(name, default, meaning)
    file = os.environ.get(f"{name}_FILE")
    if file:
        return Path(file).read_text(encoding="utf-8").strip()
    return os.environ.get(name, default)


def secret(name: str, default: str, meaning: str, *, kept_in: Path) -> str:
    """Return a secret: from the variable (or the file it names), else from the site's own file, else the default."""
    said = text(name, "", meaning)
    DECLARED[name] = Variable(name, default, meaning)
    if said:
        return said
    return kept_in.read_text(encoding="utf-8").strip() if kept_in.is_file() else default


def switch(name: str, default: bool, meaning: str) -> bool:  # noqa: FBT001 - a switch is a boolean
    """Return whether the variable says 1, true, yes or on."""
    return text(name, "1" if default else "0", meaning).strip().lower() in {"1", "true", "yes", "on"}


def listing(name: str, default: str, meaning: str) -> list[str]:
    """Return the comma-separated parts of the variable."""
    return [part.strip() for part in text(name, default, meaning).split(",") if part.strip()]


def database(url: str) -> dict[str, object]:
    """Return Django's settings for `sqlite:///path` or `postgresql://user:secret@host:port/name`."""
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": url.removeprefix("sqlite:///"),
            "OPTIONS": {
                # IMMEDIATE: a transaction that will write waits at its start, and never fails in the middle.
                "transaction_mode": "IMMEDIATE",
                "timeout": 60,
                "init_command": (
                    "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-65536; "
                    "PRAGMA mmap_size=536870912; PRAGMA temp_store=MEMORY; PRAGMA foreign_keys=ON; "
                    "PRAGMA wal_autocheckpoint=16000;"
                ),
            },
        }
    if parts.scheme in {"postgres", "postgresql"}:
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": parts.path.lstrip("/"),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": parts.hostname or "",
            "PORT": str(parts.port or ""),
            "CONN_MAX_AGE": 60,
            "OPTIONS": {
                "options": "-c jit=off"
            },  # short set-wise statements: compiling them costs more than it saves
        }
    raise ValueError(
        f"LIANFANG_DATABASE_URL must begin with sqlite:/// or postgresql://. Got {parts.scheme!r}."
    )
