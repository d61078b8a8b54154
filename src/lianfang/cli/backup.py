"""Commands that put the whole site aside and bring it back: one archive with the database and what says it is whole.

SQLite is copied by its own online backup, PostgreSQL by pg_dump: both give the state of one moment while others write.
The keys of the site are not in it. Keep them apart: whoever has both can read every name.
"""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from hashlib import file_digest
from pathlib import Path
from typing import Annotated, Any

import typer

from lianfang.cli.door import acting, moment, out, progress, start_django
from lianfang.cli.errors import BackupBroken, DatabaseInUse, OtherEngine, ToolFailed, ToolMissing

FORM = "lianfang-backup/1"
_MANIFEST = "manifest.json"
_DATA = {"sqlite": "database.sqlite3", "postgresql": "database.dump"}
_TOOLS = Path("/usr/lib/postgresql")


def add_to(app: typer.Typer) -> None:
    """Add the commands to the top of the command tree."""
    app.command()(backup)
    app.command()(restore)


def backup(
    to: Annotated[
        Path, typer.Argument(help="Archive to write, or a folder in which it gets a name of its own.")
    ],
) -> None:
    """Write the database as of one moment into one archive, while the site goes on working; the keys are not in it."""
    when = moment(None)
    from lianfang.core.audit.events import SiteEvent
    from lianfang.core.audit.services import record

    record(SiteEvent.BACKED_UP, by=acting(None, when), at=when)
    archive = to / f"lianfang-{when:%Y%m%dT%H%M%SZ}.tar" if to.is_dir() else to
    with tempfile.TemporaryDirectory(dir=archive.parent) as folder:
        data = Path(folder) / _DATA[_engine()]
        _copy_out(data)
        manifest = {
            "form": FORM,
            "engine": _engine(),
            "made_at": when.isoformat(),
            "migrations": _migrations(),
            "sha256": _digest(data),
        }
        (Path(folder) / _MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        whole = Path(folder) / "archive.tar"
        with tarfile.open(whole, "w") as tar:
            tar.add(Path(folder) / _MANIFEST, _MANIFEST)
            tar.add(data, data.name)
        whole.chmod(0o600)
        whole.replace(archive)
    out.print(str(archive), markup=False)


def restore(
    archive: Annotated[Path, typer.Argument(help="An archive that `lianfang backup` wrote.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Throw away what is in the database now; stop the site first.")
    ] = False,
) -> None:
    """Bring a backup back into the database of the settings, check that it is whole, and bring it to this version."""
    start_django()
    with _opened(archive) as (manifest, data):
        if manifest["engine"] != _engine():
            raise OtherEngine(made=manifest["engine"], here=_engine())
        if not replace and _has_rows():
            raise DatabaseInUse
        _copy_in(data)
    from lianfang.cli.audit import verify
    from lianfang.cli.site import setup
    from lianfang.core.audit.events import SiteEvent
    from lianfang.core.audit.services import record

    setup()
    when = moment(None)
    after = {"made_at": manifest["made_at"]}
    record(SiteEvent.RESTORED, by=acting(None, when), at=when, after=after)
    progress.print(f"The state of {manifest['made_at']} is back.", markup=False)
    verify()


# ---- the archive


@contextmanager
def _opened(archive: Path) -> Iterator[tuple[Mapping[str, Any], Path]]:
    """Give the manifest and the file of the database, unpacked and compared with its digest."""
    with tempfile.TemporaryDirectory(dir=archive.absolute().parent) as folder:
        try:
            with tarfile.open(archive) as tar:
                tar.extractall(folder, filter="data")
            manifest = json.loads((Path(folder) / _MANIFEST).read_text(encoding="utf-8"))
            data = Path(folder) / _DATA[manifest["engine"]]
            is_whole = manifest["form"] == FORM and _digest(data) == manifest["sha256"]
        except (OSError, tarfile.TarError, ValueError, KeyError) as problem:
            raise BackupBroken(archive=archive, reason=str(problem)) from problem
        if not is_whole:
            raise BackupBroken(archive=archive, reason="the database in it is not the one that was written")
        yield manifest, data


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


# ---- the databases


def _settings() -> dict[str, Any]:
    from django.conf import settings

    found: dict[str, Any] = settings.DATABASES["default"]
    return found


def _engine() -> str:
    from django.db import connection

    return str(connection.vendor)


def _migrations() -> list[str]:
    from django.db import connection
    from django.db.migrations.recorder import MigrationRecorder

    applied = MigrationRecorder(connection).applied_migrations()
    return sorted(f"{app}.{name}" for app, name in applied if app not in {"auth", "contenttypes", "sessions"})


def _has_rows() -> bool:
    """Return whether the database holds a site: its tables, and anybody who signs in."""
    from django.db import connection

    from lianfang.core.access.selectors import users_in

    if "access_user" not in connection.introspection.table_names():
        return False
    return users_in(acting(None, moment(None)), moment(None)).exists()


def _copy_out(to: Path) -> None:
    if _engine() == "postgresql":
        _run_tool("pg_dump", "--format=custom", "--no-owner", f"--file={to}", _settings()["NAME"])
        return
    with closing(sqlite3.connect(_settings()["NAME"])) as source, closing(sqlite3.connect(to)) as target:
        source.backup(target, pages=4096)
        target.execute("PRAGMA journal_mode=DELETE")
        _require_whole(target, to)


def _require_whole(database: sqlite3.Connection, path: Path) -> None:
    found = database.execute("PRAGMA quick_check").fetchone()[0]
    if found != "ok":
        raise BackupBroken(archive=path, reason=found)


def _copy_in(data: Path) -> None:
    from django.db import connection

    connection.close()
    name = _settings()["NAME"]
    if _engine() == "postgresql":
        options = ("--clean", "--if-exists", "--no-owner", "--single-transaction", "--exit-on-error")
        _run_tool("pg_restore", *options, f"--dbname={name}", str(data))
        return
    place = Path(name).absolute()
    place.parent.mkdir(parents=True, exist_ok=True)
    # Beside the old one first: what stands now is lost only once the new one lies whole in the same folder.
    arriving = place.with_name(f"{place.name}.restoring")
    shutil.copyfile(data, arriving)
    with closing(sqlite3.connect(arriving)) as database:
        _require_whole(database, arriving)
    for leftover in (f"{place}-wal", f"{place}-shm"):
        Path(leftover).unlink(missing_ok=True)
    arriving.replace(place)


def _run_tool(tool: str, *words: str) -> None:
    """Run a tool of PostgreSQL with the connection of the settings; the newest installed, for an old one refuses."""
    here = sorted(_TOOLS.glob(f"*/bin/{tool}"), key=lambda path: int(path.parts[-3]))
    found = str(here[-1]) if here else shutil.which(tool)
    if not found:
        raise ToolMissing(tool=tool)
    said = _settings()
    names = {"PGHOST": "HOST", "PGPORT": "PORT", "PGUSER": "USER", "PGPASSWORD": "PASSWORD"}
    environment = {**os.environ, **{name: str(said[key]) for name, key in names.items() if said.get(key)}}
    done = subprocess.run([found, *words], env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        sys.stderr.write(done.stderr)
        raise ToolFailed(tool=tool, status=done.returncode)
