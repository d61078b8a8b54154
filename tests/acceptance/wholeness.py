"""Bar 5, by other means than the engine's: everything owed is computed anew and held against the tasks on file.

The engine compares in SQL and writes the difference; here every `owed` query is read into Python and every task is
looked at, so that a fault of the engine's comparison shows as well as a subject that nobody touched.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lianfang.core.registry.models import Unit
from lianfang.loop.duty import COLUMNS, Evidence, duties
from lianfang.loop.models import Task


@dataclass(frozen=True)
class Gaps:
    """What is owed without a task, what is a task without being owed, and what is written wrongly on a task."""

    missing: list[str] = field(default_factory=list)
    orphan: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.missing or self.orphan or self.wrong)


def gaps(at: datetime) -> Gaps:
    """Return the difference between what is owed at `at` and the tasks; empty when nothing is missing or orphaned."""
    found = Gaps()
    root = Unit.objects.open().filter(parent__isnull=True).order_by("path", "pk").first()
    assert root is not None
    for duty in duties:
        owed = {}
        for row in duty.owed(duty.subject._default_manager.all(), at):
            one = dict(zip(COLUMNS, row, strict=True))
            owed[one["subject_id"], one["occasion"]] = one
        tasks = {
            (t.subject_id, t.occasion): t for t in Task.objects.filter(duty=duty.code).exclude(status="void")
        }
        found.missing.extend(f"{duty.code} {key}" for key in set(owed) - set(tasks))
        found.orphan.extend(f"{duty.code} {key}" for key in set(tasks) - set(owed))
        for key in set(owed) & set(tasks):
            found.wrong.extend(
                f"{duty.code} {key}: {name}"
                for name in differing(owed[key], tasks[key], root.pk, by_word=duty.evidence is Evidence.CLICK)
            )
    return found


def differing(owed: dict[str, Any], task: Task, root: int, *, by_word: bool) -> list[str]:
    """Return the columns in which a task is not what is owed; a gap of answerability falls to the unit of the nation."""
    wanted = {
        "unit_id": owed["unit_id"] or root,
        "path": owed["path"],
        "since_at": owed["since_at"],
        "due_at": owed["due_at"],
        "risk": owed["risk"],
    }
    if not by_word and task.rejected_at is None:
        wanted |= {"met_at": owed["met_at"], "status": "open" if owed["met_at"] is None else "done"}
    return [name for name, value in wanted.items() if getattr(task, name) != value]
