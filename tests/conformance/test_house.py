"""The rules of the house that hold for everything in it: floors, errors, models, migrations, dependencies."""

import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import models
from django.db.models import signals
from tests.conformance.source_tree import REPOSITORY, floors

import lianfang
from lianfang.common.errors import LianfangError
from lianfang.core.facts import Fact

DEPENDENCIES = REPOSITORY / "docs" / "explanation" / "dependencies.md"


def test_imports_only_go_down() -> None:
    command = Path(sys.executable).with_name("lint-imports")
    if not command.exists():
        pytest.skip("import-linter is not installed here; it is in the group dev")
    done = subprocess.run(
        [command, "--no-cache"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]


# ---- errors


def errors() -> list[type[LianfangError]]:
    """Return every error of the package, with all modules imported that may know one: the pure floors know none."""
    pure = {f"lianfang.{name}" for name in floors()[-1]}
    for found in pkgutil.iter_modules(lianfang.__path__, "lianfang."):
        if found.name not in pure:
            _import_all(found)
    return [one for one in _below(LianfangError) if one.__module__.startswith("lianfang.")]


def _import_all(found: pkgutil.ModuleInfo) -> None:
    module = importlib.import_module(found.name)
    if found.ispkg and not found.name.endswith(".migrations"):
        for inner in pkgutil.iter_modules(module.__path__, f"{found.name}."):
            _import_all(inner)


def _below(parent: type[LianfangError]) -> Iterator[type[LianfangError]]:
    for one in parent.__subclasses__():
        yield one
        yield from _below(one)


def test_every_error_says_what_was_wrong_and_what_to_do() -> None:
    found = errors()
    assert len(found) > 50
    mute = [one for one in found if not one.__dict__.get("__doc__") or not one.hint.strip()]
    assert mute == []


def test_every_error_has_a_code_of_its_own() -> None:
    found = errors()
    assert [one for one in found if "code" not in one.__dict__] == []
    counted = Counter(one.code for one in found)
    assert [code for code, n in counted.items() if n > 1] == []
    strange = [one.code for one in found if one.code.partition(".")[0] not in one.__module__.split(".")]
    assert strange == [], "the code of an error begins with its app"


def test_errors_fill_in_what_they_name() -> None:
    """Sentence and hint are shown to people: no gap may make showing them fail, and no stray brace may remain."""
    for one in errors():
        text = " ".join((one.__doc__ or "").split()) + one.hint
        names = re.findall(r"{(\w*)}", text)
        assert all(names), one
        shown = one(**dict.fromkeys(names, "x"))
        assert "{" not in f"{shown.sentence}{shown.advice}", one


# ---- models


def test_no_model_acts_by_itself() -> None:
    """Services write: no `save()` or `delete()` of our own, nobody listens to the saving of others.

    One exception: a fact refuses to be written before it came. It changes nothing and writes nothing else.
    """
    for model in apps.get_models():
        for base in model.__mro__:
            if base.__module__.startswith("lianfang."):
                own = {"save", "delete", "bulk_create"} & set(vars(base))
                if base is Fact:
                    own -= {"save"}
                assert own == set(), f"{base.__module__}.{base.__name__} overrides {own}"


def test_nobody_listens_to_models() -> None:
    """Schema signals are another matter: triggers are put in place after a migration."""
    watched = [
        name
        for name, signal in inspect.getmembers(signals)
        if isinstance(signal, signals.ModelSignal) and name not in {"pre_migrate", "post_migrate"}
    ]
    assert "post_save" in watched
    heard = []
    for name in watched:
        for row in getattr(signals, name).receivers:
            receiver = row[1]() if callable(row[1]) and not inspect.isfunction(row[1]) else row[1]
            module = getattr(receiver, "__module__", "")
            if module.startswith("lianfang."):
                heard.append(f"{name}: {module}.{receiver.__qualname__}")
    assert heard == []


@pytest.mark.django_db
def test_migrations_are_up_to_date() -> None:
    out = StringIO()
    try:
        call_command("makemigrations", check=True, dry_run=True, stdout=out, stderr=out)
    except SystemExit:
        pytest.fail(f"models and migrations differ:\n{out.getvalue()}")


def test_every_model_is_named_and_shown() -> None:
    ours = [model for model in apps.get_models() if model.__module__.startswith("lianfang.")]
    assert [m for m in ours if m.__str__ is models.Model.__str__] == []
    assert [m for m in ours if not m.__doc__ or m.__doc__.startswith(f"{m.__name__}(")] == []


# ---- dependencies


def declared() -> set[str]:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
    several = [
        project["project"]["dependencies"],
        *project["project"]["optional-dependencies"].values(),
        *project["dependency-groups"].values(),
    ]
    return {re.split(r"[\[<>=!~; ]", line)[0].lower() for lines in several for line in lines}


def explained() -> dict[str, str]:
    """Return package -> reason from the tables of the page."""
    rows = re.findall(r"^\| `([^`]+)` \|(.*)\|\s*$", DEPENDENCIES.read_text("utf-8"), flags=re.MULTILINE)
    return {name: cells.rpartition("|")[2].strip() or cells.strip() for name, cells in rows}


def test_every_dependency_has_its_reason() -> None:
    reasons = explained()
    assert declared() - set(reasons) == set(), f"give a reason in {DEPENDENCIES.name}"
    assert set(reasons) - declared() == set(), f"no longer declared: take it out of {DEPENDENCIES.name}"
    assert [name for name, reason in reasons.items() if len(reason.split()) < 4] == []
