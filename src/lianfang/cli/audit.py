"""Commands about the record of acts."""

from typing import Annotated

import typer

from lianfang.cli.door import moment, out, start_django

app = typer.Typer(no_args_is_help=True)


@app.command()
def seal(at: Annotated[str | None, typer.Option(help="Act at this moment instead of now.")] = None) -> None:
    """Seal the events that are not sealed yet."""
    when = moment(at)
    from lianfang.core.audit.sealing import seal as seal_events

    out.print(str(seal_events(at=when)))


@app.command()
def verify() -> None:
    """Check the whole chain; exit status 3 and the first broken place where somebody changed the record."""
    start_django()
    from lianfang.core.audit.sealing import verify as verify_chain

    broken = verify_chain()
    if broken is not None:
        out.print(str(broken), markup=False)
        raise typer.Exit(3)
    out.print("The record is whole.")
