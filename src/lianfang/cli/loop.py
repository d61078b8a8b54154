"""Commands that turn the loop and show what is owed."""

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any

import typer

from lianfang.cli.door import (
    Area,
    As,
    At,
    Json,
    acting,
    moment,
    out,
    path_of,
    progress,
    show_rows,
    start_django,
)

app = typer.Typer(no_args_is_help=True)
_WORDS = ("opened", "changed", "met", "reopened", "withdrawn")


@app.command()
def turn(at: At = None, as_json: Json = False) -> None:
    """Work off what was touched, then escalate, shed, feed back and send."""
    when = moment(at)
    from lianfang.loop.worker import turn as turn_once

    _report(turn_once(at=when), as_json)


@app.command()
def sweep(at: At = None, as_json: Json = False) -> None:
    """Run a full pass of every duty."""
    when = moment(at)
    from lianfang.loop.worker import sweep as sweep_once

    _report(sweep_once(at=when), as_json)


def _report(done: Any, as_json: bool) -> None:
    rows = [
        {"duty": o.duty, **{word: getattr(o, word) for word in _WORDS}} for o in done.outcomes if o.written
    ]
    show_rows(rows, ("duty", *_WORDS), as_json=as_json)
    follow = f"derived {done.derived}, escalated {done.escalated}, shed {done.shed}, told {done.told}, sent {done.sent}"
    progress.print(f"{done.written} tasks written; {follow}")
    if done.failed:
        out.print(f"failed: {', '.join(done.failed)}", markup=False)
        raise typer.Exit(3)


@app.command()
def run() -> None:
    """Turn the loop until stopped (SIGTERM ends it after the step at hand)."""
    start_django()
    from lianfang.common.clock import now
    from lianfang.loop.worker import Worker

    progress.print("The loop turns.")
    Worker(now).run()


@app.command("duties")
def list_duties(as_json: Json = False) -> None:
    """List every duty with its sentence, what proves it and how it is verified."""
    start_django()
    from lianfang.loop.duty import duties

    rows = [
        {
            "code": d.code,
            "sentence": d.sentence,
            "evidence": d.evidence,
            "check": d.check,
            "capability": d.capability,
        }
        for d in duties
    ]
    show_rows(rows, ("code", "sentence", "evidence", "check", "capability"), as_json=as_json)


# ---- what is owed


@app.command("tasks")
def list_owed(
    area: Area = "",
    duty: Annotated[str, typer.Option(help="Code of a duty.")] = "",
    unit: Annotated[str, typer.Option(help="Code of the unit that answers.")] = "",
    state: Annotated[str, typer.Option(help="open, late, missed, shed, done, void or all.")] = "open",
    limit: int = 200,
    at: At = None,
    as_user: As = None,
    as_json: Json = False,
) -> None:
    """List tasks, the most overdue first, with the unit that answers, the deadline and how far each has climbed."""
    when = moment(at)
    by = acting(as_user, when)
    from lianfang.core.registry.selectors import get_unit
    from lianfang.loop.desk import TaskFilter, list_tasks

    wanted = TaskFilter(
        path=path_of(area), duty=duty, state=state, unit_id=get_unit(unit).pk if unit else None
    )
    rows = [_task_row(task, when) for task in list_tasks(by, wanted, at=when, limit=limit)]
    show_rows(rows, ("id", "duty", "subject", "unit", "due_at", "status", "late", "rung"), as_json=as_json)


def _task_row(task: Any, when: Any) -> dict[str, Any]:
    return {
        "id": task.pk,
        "duty": task.duty,
        "subject": task.subject_id,
        "occasion": task.occasion,
        "unit": task.unit.code,
        "since_at": task.since_at.isoformat(),
        "due_at": task.due_at.isoformat(),
        "met_at": task.met_at.isoformat() if task.met_at else "",
        "status": task.status,
        "late": task.status == "open" and task.due_at < when,
        "rung": task.rung,
    }


@app.command("done")
def done(
    task: Annotated[int, typer.Argument(help="Number of the task.")],
    note: Annotated[str, typer.Option(help="What was done.")] = "",
    at: At = None,
    as_user: As = None,
) -> None:
    """Say that a task was done, where the duty takes a word for it; it closes with the next turn."""
    when = moment(at)
    by = acting(as_user, when)
    from lianfang.loop.desk import get_task
    from lianfang.loop.services import complete_task

    complete_task(task=get_task(by, task), note=note, by=by, at=when)
    out.print("Recorded.")


@app.command("escalations")
def list_escalations(
    area: Area = "",
    limit: int = 200,
    at: At = None,
    as_user: As = None,
    as_json: Json = False,
) -> None:
    """List the steps by which undone tasks climbed: which rung, to which unit, when."""
    when = moment(at)
    by = acting(as_user, when)
    from lianfang.loop.desk import list_steps

    rows = [
        {
            "task": one.task_id,
            "duty": one.task.duty,
            "answers": one.task.unit.code,
            "due_at": one.due_at.isoformat(),
            "rung": one.rung,
            "told": one.unit.code,
            "at": one.at.isoformat(),
        }
        for one in list_steps(by, path=path_of(area), limit=limit)
    ]
    show_rows(rows, ("task", "duty", "answers", "due_at", "rung", "told", "at"), as_json=as_json)


@app.command("metrics")
def metrics(
    area: Area = "",
    since: Annotated[
        str | None, typer.Option(help="Clocks started from this moment on; else 28 days ago.")
    ] = None,
    by_what: Annotated[
        str, typer.Option("--by", help="duty, unit, area: comma-separated; empty: all.")
    ] = "duty",
    at: At = None,
    as_user: As = None,
    as_json: Json = False,
) -> None:
    """Show the figures of the loop: created, on time, late, overdue, verified, rejected, escalated, hours."""
    when = moment(at)
    by = acting(as_user, when)
    from lianfang.loop.metrics import loop_metrics

    groups = [word.strip() for word in by_what.split(",") if word.strip()]
    begin = moment(since) if since else when - timedelta(days=28)
    lines = loop_metrics(by, at=when, since=begin, until=when, path=path_of(area), by=groups)
    rows = [{**asdict(line), "share_on_time": line.share_on_time} for line in lines]
    shown = (
        "created",
        "open",
        "on_time",
        "late",
        "overdue",
        "verified",
        "rejected",
        "escalated",
        "median_hours",
        "p90_hours",
    )
    show_rows(rows, (*("unit_id" if g == "unit" else g for g in groups), *shown), as_json=as_json)


@app.command("coverage")
def coverage(area: Area = "", at: At = None, as_user: As = None, as_json: Json = False) -> None:
    """Show who should be tested, listed, observed ... and is: each share beside its twin from the side of the cases."""
    when = moment(at)
    by = acting(as_user, when)
    from lianfang.loop.coverage import coverage_in

    rows = [
        {
            "coverage": one.coverage.code,
            "should": one.n_should,
            "covered": one.n_covered,
            "share": one.share,
            "twin": one.twin.coverage.code if one.twin else "",
            "twin_share": one.twin.share if one.twin else None,
        }
        for one in coverage_in(by, at=when, path=path_of(area))
    ]
    show_rows(rows, ("coverage", "should", "covered", "share", "twin", "twin_share"), as_json=as_json)


@app.command("7-1-7")
def timeliness(area: Area = "", at: At = None, as_user: As = None, as_json: Json = False) -> None:
    """Show each event's days to detection, notification and response, and whether the targets 7, 1 and 7 were met."""
    when = moment(at)
    by = acting(as_user, when)
    from lianfang.loop.timeliness import seven_one_seven

    rows = [
        {
            "event": one.name,
            "path": one.path,
            **{f"{part}_days": getattr(one, part).days for part in ("detect", "notify", "respond")},
            "on_target": one.all_on_target,
        }
        for one in seven_one_seven(by, at=when, path=path_of(area))
    ]
    show_rows(
        rows, ("event", "path", "detect_days", "notify_days", "respond_days", "on_target"), as_json=as_json
    )
