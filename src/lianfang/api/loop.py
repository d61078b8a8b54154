"""Tasks: what is owed, by whom, by when."""

from datetime import datetime
from typing import Any

from ninja import Schema

from lianfang.api.door import endpoint
from lianfang.core.access.permissions import Permission
from lianfang.core.registry.selectors import get_place
from lianfang.loop.desk import TaskFilter, get_task, list_tasks
from lianfang.loop.services import complete_task


class TaskOut(Schema):
    """One thing owed."""

    id: int
    duty: str
    subject_id: int
    occasion: str
    unit: str
    since_at: datetime
    due_at: datetime
    met_at: datetime | None
    status: str

    @staticmethod
    def resolve_unit(task: Any) -> str:
        """The code of the answerable unit."""
        return str(task.unit.code)


class DoneIn(Schema):
    """The word of the one who did it."""

    note: str = ""


@endpoint("GET", "/tasks", Permission.TASK_VIEW, response=list[TaskOut])
def list_all(
    request: Any, area: str = "", duty: str = "", state: str = "open", mine: bool = False, limit: int = 100
) -> Any:
    """List tasks, the most overdue first; state is open, late, shed, done, void or all."""
    path = get_place(area).path if area else ""
    unit = request.actor.unit_id if mine else None
    wanted = TaskFilter(path=path, unit_id=unit, duty=duty, state=state)
    return list_tasks(request.actor, wanted, at=request.at, limit=max(1, min(limit, 500)))


@endpoint("GET", "/tasks/{pk}", Permission.TASK_VIEW, response=TaskOut)
def one(request: Any, pk: int) -> Any:
    """Return one task."""
    return get_task(request.actor, pk)


@endpoint("POST", "/tasks/{pk}/completion", Permission.TASK_DO, response=TaskOut)
def complete(request: Any, pk: int, body: DoneIn) -> Any:
    """Say that a task was done, where the duty accepts a word; it closes with the loop's next turn."""
    task = get_task(request.actor, pk)
    complete_task(task=task, note=body.note, by=request.actor, at=request.at)
    return task
