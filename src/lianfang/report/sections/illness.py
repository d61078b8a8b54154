"""Delays, fatality, persons and places, chains."""

from lianfang.report.chains import Chains
from lianfang.report.delays import FEWEST_TO_FIT, Delay
from lianfang.report.document import Block, Chart, Grid, Paragraph, Section
from lianfang.report.drawing import draw_delay, draw_offspring
from lianfang.report.fatality import Fatality
from lianfang.report.figures import Figures
from lianfang.report.left_out import LeftOut
from lianfang.report.persons import PROTECTED_BELOW, Persons, Row
from lianfang.report.sections.common import basis, field_name, left_out, number, whole
from lianfang.report.words import Words


def delays_section(figures: Figures, w: Words) -> Section:
    """Return the delays as a table, with a chart of the one from onset to report."""
    title = w("title.delays")
    shown = [delay for delay in figures.delays if delay.code != "onset_to_known"]
    known = next((delay for delay in figures.delays if delay.code == "onset_to_known"), None)
    if known is not None and not any(delay.code.startswith("onset_to_") for delay in shown):
        shown = [known, *shown]
    if not shown:
        why = figures.no_delays or LeftOut(reason="left.delays", values={"least": PROTECTED_BELOW})
        return Section(key="delays", title=title, blocks=[left_out(w, why)])
    blocks: list[Block] = [_delay_chart(shown[0], w), _delay_table(shown, w)]
    wrong = sum(delay.n_negative for delay in shown)
    if wrong:
        blocks.append(Paragraph(text=w("delays.negative", n=whole(wrong))))
    blocks += [
        Paragraph(text=w(delay.fit.reason, delay=w(f"delay.{delay.code}")), is_muted=True)
        for delay in shown
        if isinstance(delay.fit, LeftOut) and delay.fit.reason == "left.fit_open"
    ]
    made = [delay.fit.provenance for delay in shown if not isinstance(delay.fit, LeftOut)]
    blocks.append(basis(w, "delays", w("inputs.delays", n=whole(sum(len(d.days) for d in shown))), *made))
    return Section(key="delays", title=title, blocks=blocks)


def _delay_chart(delay: Delay, w: Words) -> Chart:
    fitted = None if isinstance(delay.fit, LeftOut) else delay.fit.distribution
    name = w(f"delay.{delay.code}")
    labels = (w("axis.days"), w("axis.share"), w("delays.recorded"), w("delays.fitted"))
    return Chart(
        title=name,
        text=w("delays.text", name=name, n=whole(len(delay.days)), median=number(delay.quantile(0.5))),
        picture=draw_delay(delay.code, delay.days, fitted, labels),
    )


def _delay_table(shown: list[Delay], w: Words) -> Grid:
    rows = []
    for delay in shown:
        tail = number(delay.quantile(0.95)) if len(delay.days) >= FEWEST_TO_FIT else "–"
        rows.append(
            (
                w(f"delay.{delay.code}"),
                whole(len(delay.days)),
                number(delay.quantile(0.5)),
                w.span(number(delay.quantile(0.25)), number(delay.quantile(0.75))),
                tail,
                _fit_text(delay, w),
            )
        )
    columns = ("col.delay", "col.cases", "col.median", "col.quartiles", "col.q95", "col.fit")
    return Grid(title=w("delays.table"), columns=[w(c) for c in columns], rows=rows, note=w("delays.note"))


def _fit_text(delay: Delay, w: Words) -> str:
    if isinstance(delay.fit, LeftOut):
        return "–"
    mean, low, high = delay.fit.estimate("mean")
    family = w(f"family.{delay.fit.distribution.family}")
    return w("delays.fit", family=family, mean=number(mean), low=number(low), high=number(high))


def fatality_section(figures: Figures, w: Words) -> Section:
    """Return case fatality, naive and corrected."""
    found, title = figures.fatality, w("title.fatality")
    if isinstance(found, LeftOut):
        return Section(key="fatality", title=title, blocks=[left_out(w, found)])
    blocks: list[Block] = [_fatality_table(found, w)]
    blocks += [left_out(w, part) for part in (found.corrected, found.courses) if isinstance(part, LeftOut)]
    if found.n_undated_deaths:
        blocks.append(Paragraph(text=w("fatality.undated", n=whole(found.n_undated_deaths))))
    made = [part.provenance for part in (found.corrected, found.courses) if not isinstance(part, LeftOut)]
    own = w("fatality.own_delay") if found.delay_source == "own" else found.delay_source
    inputs = w(
        "inputs.fatality", n=whole(found.n_cases), deaths=whole(found.n_deaths), delay=own or w("label.none")
    )
    return Section(key="fatality", title=title, blocks=[*blocks, basis(w, "fatality", inputs, *made)])


def _fatality_table(found: Fatality, w: Words) -> Grid:
    rows = [_estimate(w, "fatality.naive", *found.naive)]
    if not isinstance(found.corrected, LeftOut):
        part = found.corrected
        rows.append(_estimate(w, "fatality.corrected", part.estimate[0], part.low[0], part.high[0]))
    if not isinstance(found.courses, LeftOut):
        rows.append(_estimate(w, "fatality.courses", *found.courses.final["death"]))
    columns = ("col.estimate", "col.fatality", "label.range95")
    return Grid(title=w("fatality.table"), columns=[w(c) for c in columns], rows=rows)


def _estimate(w: Words, key: str, value: float, low: float, high: float) -> tuple[str, str, str]:
    return w(key), w.percent(float(value)), w.span(w.percent(float(low)), w.percent(float(high)))


def persons_section(figures: Figures, w: Words) -> Section:
    """Return cases by age, sex and place, small groups protected."""
    found, title = figures.persons, w("title.persons")
    if isinstance(found, LeftOut):
        return Section(key="persons", title=title, blocks=[left_out(w, found)])
    blocks: list[Block] = [
        left_out(w, found.by_age) if isinstance(found.by_age, LeftOut) else _age_table(found, found.by_age, w)
    ]
    if isinstance(found.by_place, LeftOut):
        blocks.append(left_out(w, found.by_place))
    else:
        blocks.append(_place_table(figures, found.by_place, w, has_deaths=found.has_deaths))
    blocks.append(basis(w, "persons", w("inputs.persons", n=whole(len(figures.cases)))))
    return Section(key="persons", title=title, blocks=blocks)


def _shown(cell: int | None) -> str:
    return "*" if cell is None else whole(cell)


def _age_table(found: Persons, rows: tuple[Row, ...], w: Words) -> Grid:
    return Grid(
        title=w("persons.by_age"),
        columns=[w("col.age"), *(w(f"sex.{sex}") for sex in found.sexes)],
        rows=[(row.label or w("label.not_stated"), *map(_shown, row.cells)) for row in rows],
        note=w("persons.protected", least=PROTECTED_BELOW) if found.is_protected else "",
    )


def _place_table(figures: Figures, rows: tuple[Row, ...], w: Words, *, has_deaths: bool) -> Grid:
    hidden = any(cell is None for row in rows for cell in (row.cells if has_deaths else row.cells[:1]))
    return Grid(
        title=w("persons.by_place", field=field_name(w, figures.cases.place_by)),
        columns=[w("col.place"), w("col.cases"), *([w("col.deaths")] if has_deaths else [])],
        rows=[
            (
                w("persons.other_places") if row.label == "…" else row.label or w("label.not_stated"),
                *map(_shown, row.cells if has_deaths else row.cells[:1]),
            )
            for row in rows
        ],
        note=w("persons.protected", least=PROTECTED_BELOW) if hidden else "",
    )


def chains_section(figures: Figures, w: Words) -> Section:
    """Return chains of transmission without naming a case."""
    found, title = figures.chains, w("title.chains")
    if isinstance(found, LeftOut):
        return Section(key="chains", title=title, blocks=[left_out(w, found)])
    blocks: list[Block] = [
        Paragraph(
            text=w(
                "chains.links_outside" if found.n_outside else "chains.links", pairs=whole(found.n_pairs), outside=whole(found.n_outside), groups=whole(len(found.sizes)),
                largest=whole(found.sizes[0]),
            )
        )
    ]  # fmt: skip
    if found.offspring:
        blocks.append(_offspring_chart(found, w))
    table = _chain_table(found, w)
    blocks += [table] if table.rows else []
    if isinstance(found.posterior, LeftOut):
        blocks.append(left_out(w, found.posterior))
    blocks += _review(found, w)
    made = [part.provenance for part in (found.posterior, found.review) if not isinstance(part, LeftOut)]
    inputs = w("inputs.chains", pairs=whole(found.n_pairs), n=whole(found.n_dated), seed=figures.seed)
    return Section(key="chains", title=title, blocks=[*blocks, basis(w, "chains", inputs, *made)])


def _offspring_chart(found: Chains, w: Words) -> Chart:
    none = found.offspring[0]
    return Chart(
        title=w("chains.offspring"),
        text=w(
            "chains.offspring_text", none=whole(none), n=whole(found.n_cases), most=len(found.offspring) - 1
        ),
        picture=draw_offspring(found.offspring, (w("axis.secondary"), w("axis.cases"))),
    )


def _chain_table(found: Chains, w: Words) -> Grid:
    rows = [
        (w("chains.with_source"), whole(found.n_with_source)) if found.directed else None,
        (
            w("chains.unknown" if isinstance(found.posterior, LeftOut) else "chains.unlisted"),
            whole(found.n_unknown),
        )
        if found.n_unknown is not None
        else None,
        (w("chains.generations"), ", ".join(whole(n) for n in found.generations))
        if found.generations
        else None,
    ]
    if not isinstance(found.posterior, LeftOut):
        summary = found.posterior.summary()
        for key, name in (("offspring_mean", "chains.mean"), ("dispersion_k", "chains.k")):
            middle, low, high = summary[key]
            rows.append((w(name), f"{middle:.2f} ({low:.2f}–{high:.2f})"))
    return Grid(title=w("chains.table"), columns=[w("col.what"), w("col.value")], rows=[r for r in rows if r])


def _review(found: Chains, w: Words) -> list[Block]:
    if isinstance(found.review, LeftOut):
        return []
    n = len({(a, b) for a, b in zip(found.review.infector, found.review.infectee, strict=True)})
    return [Paragraph(text=w("chains.review", n=whole(n), total=whole(found.review.n_links)))]
