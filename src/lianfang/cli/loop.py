"""Commands that turn the loop."""

from typing import Annotated, Any

import typer

from lianfang.cli.door import moment, out, progress, show_rows, start_django

app = typer.Typer(no_args_is_help=True)
At = Annotated[
    str | None, typer.Option("--at", help="Act as if it were this moment, such as 2020-02-12T18:00.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON lines.")]
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
