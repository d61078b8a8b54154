"""Finds the built scripts and styles: the bundler writes a manifest, pages ask for the source name."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

DIST = Path(__file__).parent / "static" / "lianfang" / "dist"


@lru_cache(maxsize=1)
def manifest() -> dict[str, Any]:
    """Return the bundler's manifest, or {} where the assets have not been built (pages then work without scripts)."""
    file = DIST / ".vite" / "manifest.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def built(source: str) -> tuple[str | None, list[str]]:
    """Return (script, styles) of an entry as static paths."""
    entry = manifest().get(f"src/lianfang/web/assets/{source}")
    if entry is None:
        return None, []
    return f"lianfang/dist/{entry['file']}", [f"lianfang/dist/{css}" for css in entry.get("css", [])]
