"""Commands for measures and plans: what is in force, what a plan asks, switching on and off."""

from typing import Annotated, Any

import typer

from lianfang.cli.door import Area, As, At, Json, Reason, acting, moment, path_of, show_rows, start_django

measures = typer.Typer(no_args_is_help=True)
plans = typer.Typer(no_args_is_help=True)
Number = Annotated[int, typer.Argument(help="The number that `list` shows.")]


@measures.command("list")
def list_measures(area: Area = "", at: At = None, login: As = None, as_json: Json = False) -> None:
    """List the measures in force in an area."""
    when = moment(at)
    start_django()
    from lianfang.measures.selectors import measures_in

    rows = [
        {
            "id": row.pk, "place": row.place.code, "kind": row.kind, "since": row.occurred_at.isoformat(),
            "review_on": row.review_on.isoformat(), "reason": row.reason,
        }
        for row in measures_in(acting(login, when), path_of(area))
    ]  # fmt: skip
    show_rows(rows, ("id", "place", "kind", "since", "review_on", "reason"), as_json=as_json)


@measures.command()
def begin(
    place: Annotated[str, typer.Argument(help="Code of the area.")],
    kind: Annotated[str, typer.Argument(help="Id of the measure in the catalogue, such as gates.")],
    reason: Reason,
    disease: Annotated[str, typer.Option("--disease", help="The id of the disease pack.")],
    at: At = None,
    login: As = None,
    as_json: Json = False,
) -> None:
    """Put a measure in force in an area; its work is owed from now on."""
    when = moment(at)
    start_django()
    from lianfang.core.registry.selectors import get_place
    from lianfang.measures.services import begin_measure

    row = begin_measure(
        place=get_place(place), disease=disease, kind=kind, reason=reason, by=acting(login, when), at=when
    )
    told = {"id": row.pk, "works": row.works.count(), "review_on": row.review_on.isoformat()}
    show_rows([told], ("id", "works", "review_on"), as_json=as_json)


@measures.command()
def end(number: Number, reason: Reason, at: At = None, login: As = None, as_json: Json = False) -> None:
    """End a measure; its work is owed no longer."""
    when = moment(at)
    start_django()
    from lianfang.measures.models import Measure
    from lianfang.measures.services import end_measure

    by = acting(login, when)
    end_measure(measure=Measure.objects.get_visible(by, pk=number), reason=reason, by=by, at=when)
    show_rows([{"id": number, "ended": when.isoformat()}], ("id", "ended"), as_json=as_json)


@plans.command("list")
def list_plans(area: Area = "", at: At = None, login: As = None, as_json: Json = False) -> None:
    """List the response plans of an area, with how often each is on now and when it was drilled last."""
    when = moment(at)
    start_django()
    from lianfang.measures.selectors import plans_in

    found: Any = plans_in(acting(login, when), path_of(area))
    rows = [
        {
            "id": row.pk, "place": row.place.code, "title": row.title, "status": row.status, "on": row.n_on,
            "drilled": row.drilled_at.isoformat() if row.drilled_at else "",
        }
        for row in found
    ]  # fmt: skip
    show_rows(rows, ("id", "place", "title", "status", "on", "drilled"), as_json=as_json)


@plans.command("switch-on")
def switch_on(
    number: Number,
    reason: Reason,
    place: Annotated[str, typer.Option("--in", help="Code of an area below that of the plan.")] = "",
    at: At = None,
    login: As = None,
    as_json: Json = False,
) -> None:
    """Switch an approved plan on in its area, or in one below."""
    when = moment(at)
    start_django()
    from lianfang.core.registry.selectors import get_place
    from lianfang.measures.models import Plan
    from lianfang.measures.services import switch_on as switch

    by = acting(login, when)
    row = switch(
        plan=Plan.objects.get_visible(by, pk=number), place=get_place(place) if place else None, reason=reason,
        by=by, at=when,
    )  # fmt: skip
    told: dict[str, Any] = {"id": row.pk, "measures": row.measures.count(), "steps": row.works.count()}
    show_rows([told], ("id", "measures", "steps"), as_json=as_json)


@plans.command("switch-off")
def switch_off(
    number: Annotated[int, typer.Argument(help="The number that `switch-on` printed.")],
    reason: Reason,
    at: At = None,
    login: As = None,
    as_json: Json = False,
) -> None:
    """Switch a plan off: what it brought ends now."""
    when = moment(at)
    start_django()
    from lianfang.measures.models import Activation
    from lianfang.measures.services import switch_off as switch

    by = acting(login, when)
    switch(activation=Activation.objects.get_visible(by, pk=number), reason=reason, by=by, at=when)
    show_rows([{"id": number, "ended": when.isoformat()}], ("id", "ended"), as_json=as_json)


@plans.command()
def drill(number: Number, at: At = None, login: As = None, as_json: Json = False) -> None:
    """Drill a plan now on invented data, and keep what it showed."""
    when = moment(at)
    start_django()
    from lianfang.measures.drilling import run_drill
    from lianfang.measures.models import Plan
    from lianfang.measures.services import ask_drill

    by = acting(login, when)
    row = ask_drill(plan=Plan.objects.get_visible(by, pk=number), by=by, at=when)
    run_drill(row, at=when)
    row.refresh_from_db()
    words = ("n_duties", "n_units", "n_late", "left_open", "failure")
    show_rows([{"id": row.pk, **{w: row.result.get(w, "") for w in words}}], ("id", *words), as_json=as_json)
