"""Takes the pictures of the README from the demo world: the start page of a county epidemiologist, in both languages.

Run it while `make demo` serves: `.venv/bin/python tools/pictures.py [http://127.0.0.1:8000]`. Each picture is a PNG with
a palette of 64 colours, well under 200 kB.
"""

import io
import os
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
LOGIN, PASSWORD = "wang", "lianfang-demo"  # the demo's sign-in page shows both
_WIDTH, _HEIGHT = 1280, 1180
_LANGUAGES = {"en": "en", "zh": "zh-CN"}


def take(browser: Browser, address: str, language: str) -> bytes:
    """Return the start page as a PNG."""
    context = browser.new_context(
        viewport={"width": _WIDTH, "height": _HEIGHT}, locale=language, reduced_motion="reduce"
    )
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{address}/sign-in")
    page.locator("#id_login").fill(LOGIN)
    page.locator("#id_password").fill(PASSWORD)
    page.locator("form:has(#id_password) button").click()
    page.goto(f"{address}/?scope=area")
    page.locator("[data-drawn]").wait_for(state="attached")
    picture = page.screenshot()
    context.close()
    return picture


def small(picture: bytes) -> bytes:
    """Return the picture with a palette: text and flat colours need no more."""
    out = io.BytesIO()
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    image.quantize(64, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()


def main() -> int:
    address = sys.argv[1].rstrip("/") if len(sys.argv) > 1 else "http://127.0.0.1:8000"
    chromium = os.environ.get("LIANFANG_CHROMIUM") or shutil.which("chromium")
    IMAGES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, language in _LANGUAGES.items():
            file = IMAGES / f"start-{name}.png"
            file.write_bytes(small(take(browser, address, language)))
            print(f"{file.name}: {file.stat().st_size // 1024} kB")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
