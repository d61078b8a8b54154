"""Commands about the record of acts."""

from typing import Annotated

import typer

from lianfang.cli.door import moment, out, start_django

app = typer.Typer(no_args_is_help=True)


@app.command()
def seal(at: Annotated[str | None, typer.Option(help="Act at this moment instead of now.")] = None) -> None:
    """Seal the events that are not sealed yet."""
    when = moment(at)
    from lianfang.core.audit.chain import seal as seal_events

    sealed = seal_events(at=when)
    out.print(f"{sum(each.n_events for each in sealed)} events sealed.")
    if sealed:
        out.print(f"Last digest: {sealed[-1].digest}")


@app.command()
def verify() -> None:
    """Check the whole chain; exit status 3 and the first broken place where somebody changed the record."""
    start_django()
    from lianfang.core.audit.chain import verify as verify_chain

    found = verify_chain()
    if not found.is_intact:
        out.print(
            f"Broken at event {found.broken_event}, seal {found.broken_seal}: {found.reason}", markup=False
        )
        raise typer.Exit(3)
    out.print(
        f"The record is whole: {found.n_events} events under {found.n_seals} seals, {found.n_unsealed} not sealed yet."
    )
