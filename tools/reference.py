"""Writes the reference pages that are made from the code: duties, permissions, errors, audit tags, settings, REST, rules.

`python tools/reference.py` writes them, `--check` fails where a committed page differs. One page a function.
"""

import os
import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = ROOT / "docs" / "reference"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lianfang.project.settings")
_MADE = "<!-- Made by tools/reference.py from the code; do not edit. -->\n"


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    head = list(head)
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for row in rows:
        lines.append(
            "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in row) + " |"
        )
    return "\n".join(lines) + "\n"


def duties() -> str:
    from lianfang.loop.duty import duties as registered

    rows = [
        (
            f"`{d.code}`",
            d.sentence,
            d.subject._meta.label,
            d.capability,
            d.evidence,
            d.check,
            "yes" if d.sheddable else "",
        )
        for d in registered
    ]
    head = (
        "duty",
        "sentence",
        "about",
        "answerable: the unit that can",
        "closed by",
        "verified",
        "may be shed",
    )
    return f"# Duties\n\n{_MADE}\nWhat is owed, as declared in each app's `duties.py`.\n\n{table(head, rows)}"


def permissions() -> str:
    from lianfang.api import urls as api_urls
    from lianfang.api.door import ENDPOINTS
    from lianfang.core.access.permissions import HOLDS, Permission
    from lianfang.web import urls as web_urls
    from lianfang.web.door import PAGES as PUBLISHED

    assert api_urls.MODULES
    assert web_urls.MODULES
    matrix = [(f"`{p}`", *("yes" if p in HOLDS[role] else "" for role in HOLDS)) for p in Permission]
    doors = [
        (p.method, f"`/{p.route}`", f"`{p.permission}`" if p.permission else "signed in") for p in PUBLISHED
    ]
    doors += [(e.method, f"`/api{e.route}`", f"`{e.permission}`") for e in ENDPOINTS]
    return (
        f"# Permissions\n\n{_MADE}\nA role holds permissions; a user holds a role in an area. Nothing is allowed that is not listed.\n\n"
        f"{table(('permission', *HOLDS), matrix)}\n## What each page and endpoint asks for\n\n{table(('method', 'address', 'permission'), doors)}"
    )


def errors() -> str:
    from lianfang.common.errors import LianfangError

    def below(kind: type[LianfangError]) -> Iterable[type[LianfangError]]:
        for each in kind.__subclasses__():
            yield each
            yield from below(each)

    found = sorted(
        {e for e in below(LianfangError) if e.__module__.startswith("lianfang.")}, key=lambda e: e.code
    )
    rows = [(f"`{e.code}`", int(e.status), " ".join((e.__doc__ or "").split()), e.hint) for e in found]
    return f"# Errors\n\n{_MADE}\nEvery refusal with what it says and what to do.\n\n{table(('code', 'status', 'sentence', 'what to do'), rows)}"


def audit_tags() -> str:
    from lianfang.core.audit.tags import Tag

    rows = sorted((f"`{tag}`", tag.sentence) for words in Tag.__subclasses__() for tag in words)
    return f"# What is recorded\n\n{_MADE}\nThe acts in the record, each with its sentence.\n\n{table(('tag', 'sentence'), rows)}"


def settings() -> str:
    from lianfang.project.environment import DECLARED

    hidden = {"LIANFANG_SECRET_KEY", "LIANFANG_IDENTITY_KEY"}
    rows = [
        (f"`{v.name}`", "(none)" if v.name in hidden else f"`{v.default}`", v.meaning)
        for v in DECLARED.values()
    ]
    intro = "Environment variables; `NAME_FILE` may name a file that holds the value."
    return f"# Settings\n\n{_MADE}\n{intro}\n\n{table(('variable', 'default', 'meaning'), rows)}"


def command_line() -> str:
    import typer

    from lianfang.cli import main

    main.assemble()
    root = typer.main.get_command(main.app)
    rows = []

    def walk(command: object, name: str) -> None:
        inner = getattr(command, "commands", None)
        if inner:
            for key in sorted(inner):
                walk(inner[key], f"{name} {key}")
            return
        options = " ".join(
            f"`{p.opts[0]}`" if p.param_type_name == "option" else f"`{p.name.upper()}`"
            for p in command.params
            if p.name != "help"
        )
        text = (command.help or "").strip().split("\n\n")[0].replace("\n", " ")
        rows.append((f"`{name}`", text, options))

    walk(root, "lianfang")
    return f"# The command line\n\n{_MADE}\nResults on stdout, progress on stderr. Exit status: 0 done, 1 refused with a sentence and a hint, 2 wrong use, 3 finished and something was found (parked rows, a broken record, a failed pass), 130 interrupted.\n\n{table(('command', 'what it does', 'options'), rows)}"


def rules() -> str:
    from lianfang.rulebook.book import default
    from lianfang.rulebook.reference import render_reference

    return render_reference(default())


MADE: dict[str, Callable[[], str]] = {
    "duties": duties,
    "permissions": permissions,
    "errors": errors,
    "audit": audit_tags,
    "settings": settings,
    "command-line": command_line,
    "rulebook": rules,
}


def main() -> int:
    import django

    django.setup()
    from django.utils import translation

    # Reference pages are in English, whatever the site speaks and whether its texts are compiled.
    translation.activate("en")
    for app in (
        "cases",
        "contacts",
        "care",
        "discovery",
        "outlook",
        "regions",
        "measures",
        "resumption",
        "planning",
        "loop",
        "intake",
        "core.registry",
        "core.access",
        "core.audit",
    ):
        for part in ("errors", "events"):
            if find_spec(f"lianfang.{app}.{part}"):
                import_module(f"lianfang.{app}.{part}")
    stale = []
    for name, make in MADE.items():
        page = PAGES / f"{name}.md"
        text = make()
        if "--check" in sys.argv:
            if not page.exists() or page.read_text(encoding="utf-8") != text:
                stale.append(page.name)
        else:
            page.write_text(text, encoding="utf-8")
    if stale:
        print(f"Out of date: {', '.join(stale)}. Run `make docs`.")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
