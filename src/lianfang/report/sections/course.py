"""Curve, reproduction number, alerts, forecast."""

from datetime import timedelta

import numpy as np

from lianfang.report.alerts import Alerts
from lianfang.report.curve import Completed, Curve
from lianfang.report.document import Block, Chart, Grid, Paragraph, Section
from lianfang.report.drawing import draw_curve, draw_outlook, draw_r
from lianfang.report.figures import Figures
from lianfang.report.left_out import LeftOut
from lianfang.report.natural_history import Known
from lianfang.report.sections.common import basis, day, known_column, left_out, number, whole
from lianfang.report.transmission import HORIZON, Outlook, Transmission
from lianfang.report.words import Words

_SHOWN_PAST = 42
_SHOWN_DAYS = 10
_LEAST_INFECTIVITY = 3.0  # cases expected in a window at R = 1, below which the prior speaks, not the data


def curve_section(figures: Figures, w: Words) -> Section:
    """Return the epidemic curve with its nowcast."""
    curve = figures.curve
    title = w("title.curve")
    if isinstance(curve, LeftOut):
        return Section(key="curve", title=title, blocks=[left_out(w, curve)])
    blocks: list[Block] = [_curve_chart(curve, w)]
    if curve.n_undated:
        blocks.append(
            Paragraph(text=w("curve.undated", n=whole(curve.n_undated), total=whole(len(figures.cases))))
        )
    if isinstance(curve.completed, LeftOut):
        blocks.append(left_out(w, curve.completed))
        made = basis(w, "curve", _curve_inputs(figures, curve, w))
    else:
        blocks.append(_nowcast_table(curve, curve.completed, w))
        made = basis(w, "nowcast", _curve_inputs(figures, curve, w), curve.completed.result.provenance)
    return Section(key="curve", title=title, blocks=[*blocks, made])


def _curve_chart(curve: Curve, w: Words) -> Chart:
    completed = None
    if isinstance(curve.completed, Completed):
        at = curve.completed.position
        when = [curve.days[i] for i in at]
        completed = (when, curve.completed.median, curve.completed.low, curve.completed.high)
    peak = int(np.argmax(curve.counts))
    text = w(
        "curve.text", first=day(curve.days[0]), last=day(curve.days[-1]), n=whole(curve.counts.sum()),
        peak=day(curve.days[peak]), highest=whole(curve.counts[peak]),
    )  # fmt: skip
    labels = (w("axis.cases"), w("curve.recorded"), w("curve.expected"), w("label.range90"))
    return Chart(
        title=w(f"curve.title_{curve.by}"),
        text=text,
        picture=draw_curve(curve.days, curve.counts, completed, labels),
    )


def _curve_inputs(figures: Figures, curve: Curve, w: Words) -> str:
    pairs = curve.completed.n_pairs if isinstance(curve.completed, Completed) else 0
    return w(
        "inputs.curve", n=whole(curve.counts.sum()), pairs=whole(pairs), column=known_column(w, figures),
        digest=figures.file.digest[:12],
    )  # fmt: skip


def _nowcast_table(curve: Curve, completed: Completed, w: Words) -> Grid:
    rows = [
        (
            day(curve.days[at]),
            whole(curve.counts[at]),
            whole(float(completed.median[i])),
            w.span(whole(float(completed.low[i])), whole(float(completed.high[i]))),
            w.percent(float(completed.within[min(len(curve.days) - 1 - at, completed.max_delay)]), 0),
        )
        for i, at in list(enumerate(completed.position))[-_SHOWN_DAYS:]
    ]
    columns = ("col.day", "col.recorded", "col.expected", "label.range90", "col.usual")
    return Grid(title=w("curve.table"), columns=[w(c) for c in columns], rows=rows)


def transmission_section(figures: Figures, w: Words) -> Section:
    """Return the reproduction number in two ways."""
    spread, title = figures.transmission, w("title.r")
    if isinstance(spread, LeftOut):
        return Section(key="r", title=title, blocks=[left_out(w, spread)])
    blocks: list[Block] = [_r_chart(spread, w)]
    if isinstance(spread.aware, LeftOut):
        blocks.append(left_out(w, spread.aware))
    elif spread.latest is None:
        blocks.append(Paragraph(text=w("r.quiet", n=spread.n_recent), is_muted=True))
    else:
        when, middle, low, high, growing = spread.latest
        values = {
            "r": f"{middle:.2f}",
            "low": f"{low:.2f}",
            "high": f"{high:.2f}",
            "growing": w.chance(growing),
        }
        blocks.append(Paragraph(text=w("r.latest", day=day(when), **values)))
    made = [spread.weekly.provenance]
    if not isinstance(spread.aware, LeftOut):
        made.append(spread.aware.provenance)
    blocks.append(basis(w, "r", _r_inputs(figures, w), *made))
    return Section(key="r", title=title, blocks=blocks)


def _r_chart(spread: Transmission, w: Words) -> Chart:
    weekly = spread.weekly
    ends = [spread.days[i] for i in weekly.end]
    usable = (weekly.status == "estimated") & (weekly.infectivity >= _LEAST_INFECTIVITY)
    middle, low, high = (np.where(usable, weekly.quantile(p), np.nan) for p in (0.5, 0.05, 0.95))
    aware = None
    if not isinstance(spread.aware, LeftOut):
        n = len(spread.days)
        middle_r, low_r, high_r = (spread.aware.quantile("r", p)[:n] for p in (0.5, 0.05, 0.95))
        aware = (spread.days, middle_r, low_r, high_r)
        cut = np.asarray(spread.aware.status[:n] == "partial")
        unsure = spread.days[int(np.argmax(cut))] if cut.any() else None
    else:
        unsure = spread.days[spread.n_complete] if spread.n_complete < len(spread.days) else None
    labels = (w("axis.r"), w("r.weekly"), w("r.aware"), w("r.unsure"))
    return Chart(
        title=w("r.title"), text=w("r.text"), picture=draw_r((ends, middle, low, high), aware, unsure, labels)
    )


def _r_inputs(figures: Figures, w: Words) -> str:
    known = figures.disease
    if known is None:
        return w("label.none")
    return w(
        "inputs.r", serial=_delay_text(w, known.serial_interval), incubation=_delay_text(w, known.incubation)
    )


def _delay_text(w: Words, known: Known | None) -> str:
    if known is None:
        return w("label.none")
    mean, sd = known.distribution.mean, known.distribution.sd
    source = w("label.edition", paper=known.source, edition=known.edition) if known.edition else known.source
    return w("label.delay", mean=f"{mean:.1f}", sd=f"{sd:.1f}", source=source)


def alerts_section(figures: Figures, w: Words) -> Section:
    """Return the alarms of the last four weeks, and which rules could not be applied."""
    found, title = figures.alerts, w("title.alerts")
    if isinstance(found, LeftOut):
        return Section(key="alerts", title=title, blocks=[left_out(w, found)])
    blocks: list[Block] = []
    if found.alarms:
        blocks.append(_alarm_table(found, w))
    elif found.checked:
        blocks.append(Paragraph(text=w("alerts.none")))
    for rule, why in found.not_checked:
        text = f"{w(f'alert.{rule}')}: {w(why.reason, **why.values)}"
        blocks.append(Paragraph(text=text, is_muted=True))
    if found.checked:
        rules = w.join([w(f"alert.{rule}") for rule in found.checked])
        blocks.append(
            basis(w, "alerts", w("inputs.alerts", rules=rules), *(r.provenance for r in found.results))
        )
    return Section(key="alerts", title=title, blocks=blocks)


def _alarm_table(found: Alerts, w: Words) -> Grid:
    rows = [
        (w(f"alert.{alarm.rule}"), day(alarm.day), whole(alarm.counted), number(alarm.bound))
        for alarm in found.alarms
    ]
    columns = ("col.rule", "col.from", "col.counted", "col.bound")
    return Grid(title=w("alerts.table"), columns=[w(c) for c in columns], rows=rows, n_text=2)


def outlook_section(figures: Figures, w: Words) -> Section:
    """Return the forecast of two weeks."""
    outlook, title = figures.outlook, w("title.outlook")
    if isinstance(outlook, LeftOut) or isinstance(figures.curve, LeftOut):
        why = outlook if isinstance(outlook, LeftOut) else figures.curve
        assert isinstance(why, LeftOut)
        return Section(key="outlook", title=title, blocks=[left_out(w, why)])
    blocks: list[Block] = []
    if outlook.median is not None:
        blocks.append(_outlook_chart(outlook, figures.curve, w))
    if outlook.disagree is not None:
        trend, renewal = outlook.disagree
        blocks.append(Paragraph(text=w("outlook.disagree", trend=whole(trend), renewal=whole(renewal))))
    blocks.append(_outlook_table(outlook, w))
    if isinstance(outlook.trend, LeftOut):
        blocks.append(left_out(w, outlook.trend))
    made = [] if isinstance(outlook.trend, LeftOut) else [outlook.trend.provenance]
    spread = figures.transmission
    if outlook.weeks and isinstance(spread, Transmission) and not isinstance(spread.aware, LeftOut):
        made.append(spread.aware.provenance)
    blocks.append(basis(w, "outlook", w("inputs.outlook", days=HORIZON, seed=figures.seed), *made))
    return Section(key="outlook", title=title, blocks=blocks)


def _outlook_chart(outlook: Outlook, curve: Curve, w: Words) -> Chart:
    assert outlook.median is not None
    assert outlook.low is not None
    assert outlook.high is not None
    past = min(_SHOWN_PAST, len(curve.days))
    labels = (w("axis.cases"), w("outlook.past"), w("outlook.median"), w("label.range90"))
    first = curve.days[-1] + timedelta(days=1)
    return Chart(
        title=w("outlook.title"),
        text=w("outlook.text", first=day(first), last=day(outlook.days[-1])),
        picture=draw_outlook(
            (curve.days[-past:], curve.expected[-past:]),
            (outlook.days, outlook.median, outlook.low, outlook.high),
            labels,
        ),
    )


def _outlook_table(outlook: Outlook, w: Words) -> Grid:
    rows = [
        (w(key), w.span(day(first), day(last)), whole(middle), w.span(whole(low), whole(high)))
        for key, weeks in (("outlook.by_trend", outlook.trend_weeks), ("outlook.by_renewal", outlook.weeks))
        for first, last, middle, low, high in weeks
    ]
    columns = ("col.model", "col.week", "col.median", "label.range90")
    return Grid(title=w("outlook.table"), columns=[w(c) for c in columns], rows=rows, n_text=2)
