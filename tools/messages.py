"""Merges the apps' Chinese texts into one catalogue and compiles it; with --list, names what is untranslated.

Each app keeps its own `fragments/<app>.po`. The texts to be translated are found in Python (gettext calls, docstrings of
errors and duties, hints) and in templates.
"""

import ast
import re
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "lianfang"
LOCALE = SOURCE / "locale" / "zh_Hans"
_CALLS = {"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy", "pgettext", "Hint"}
_TRANSLATE = re.compile(r"""{%\s*translate\s+(?:"([^"]+)"|'([^']+)')|_\("([^"]+)"\)""")
_BLOCK = re.compile(
    r"{%\s*blocktranslate\b[^%]*%}(.*?)(?:{%\s*plural\s*%}(.*?))?{%\s*endblocktranslate\s*%}", re.DOTALL
)
_PLACE = re.compile(r"{{\s*(\w+)\s*}}")


def merged() -> tuple[Catalog, list[str]]:
    """Return one catalogue of all fragments, and the texts that two of them translate differently."""
    catalogue = Catalog(locale="zh_Hans", charset="utf-8")
    clashes = []
    for file in sorted((LOCALE / "fragments").glob("*.po")):
        with file.open("rb") as stream:
            for message in read_po(stream, locale="zh_Hans"):
                if not message.id or not message.string:
                    continue
                known = catalogue.get(message.id)
                if known is not None and known.string != message.string:
                    clashes.append(f"{file.name}: {message.id!r}: {known.string!r} or {message.string!r}")
                    continue  # the first file by name decides; --list names the others
                catalogue.add(message.id, message.string, flags=message.flags)
    return catalogue, clashes


def used() -> dict[str, str]:
    """Return every text of the code that is shown to people, with the file where it stands."""
    found: dict[str, str] = {}
    for file in sorted(SOURCE.rglob("*.py")):
        if "migrations" not in file.parts:
            for text in _in_python(file):
                found.setdefault(text, str(file.relative_to(ROOT)))
    for file in sorted(SOURCE.rglob("*.html")):
        for text in _in_template(file.read_text(encoding="utf-8")):
            found.setdefault(text, str(file.relative_to(ROOT)))
    return found


def _in_python(file: Path) -> list[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    texts = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in _CALLS:
            texts += [
                a.value for a in node.args[:1] if isinstance(a, ast.Constant) and isinstance(a.value, str)
            ]
        elif isinstance(node, ast.ClassDef) and _is_shown(node, file):
            texts.append(" ".join((ast.get_docstring(node) or "").split()))
            texts += [
                s.value.value
                for s in node.body
                if isinstance(s, ast.Assign)
                and getattr(s.targets[0], "id", "") == "hint"
                and isinstance(s.value, ast.Constant)
            ]
    return [text for text in texts if text]


def _is_shown(node: ast.ClassDef, file: Path) -> bool:
    bases = {getattr(base, "id", "") for base in node.bases}
    codes = {getattr(s.targets[0], "id", "") for s in node.body if isinstance(s, ast.Assign)}
    return "code" in codes and (file.name in {"errors.py", "duties.py"} or "LianfangError" in bases)


def _in_template(text: str) -> list[str]:
    # Django looks a template's text up with its percent signs doubled.
    texts = [
        next(group for group in match.groups() if group).replace("%", "%%")
        for match in _TRANSLATE.finditer(text)
    ]
    for match in _BLOCK.finditer(text):
        texts += [_PLACE.sub(r"%(\1)s", part.replace("%", "%%")) for part in match.groups()[:1] if part]
    return texts


def untranslated() -> list[tuple[str, str]]:
    """Return (text, file) of what is shown to people and has no Chinese."""
    known = {
        message.id[0] if isinstance(message.id, tuple) else message.id
        for message in merged()[0]
        if message.id
    }
    return [(text, file) for text, file in used().items() if text not in known]


def main() -> int:
    catalogue, clashes = merged()
    target = LOCALE / "LC_MESSAGES" / "django.mo"
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as stream:
        write_mo(stream, catalogue)
    if "--list" in sys.argv:
        for clash in clashes:
            print(f"translated in two ways: {clash}")
        for text, file in untranslated():
            print(f"{file}: {text}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
