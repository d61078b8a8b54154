"""The first page: key figures, and what is changing in sentences."""

from lianfang.report.alerts import Alerts
from lianfang.report.chains import Chains
from lianfang.report.curve import Curve, week_before
from lianfang.report.document import Block, Paragraph, Section, Tile, Tiles
from lianfang.report.fatality import Fatality
from lianfang.report.figures import Figures
from lianfang.report.left_out import LeftOut
from lianfang.report.sections.common import day, whole
from lianfang.report.transmission import Outlook, Transmission
from lianfang.report.words import Words


def headline(figures: Figures, w: Words) -> Section:
    """Return the key figures."""
    tiles = [
        _cases(figures, w),
        *_recent(figures, w),
        *_r(figures, w),
        *_deaths(figures, w),
        *_next_week(figures, w),
    ]
    blocks: list[Block] = [Tiles(tiles=tiles)]
    blocks += [Paragraph(text=text) for text in _changes(figures, w)]
    return Section(key="summary", title=w("title.summary"), blocks=blocks)


def _cases(figures: Figures, w: Words) -> Tile:
    shown = [
        f"{w(f'class.{code}' if code else 'class.none')} {whole(n)}"
        for code, n in figures.classes
        if len(figures.classes) > 1
    ]
    return Tile(
        label=w("tile.cases"),
        value=whole(len(figures.cases)),
        note=w.join(shown) if shown else w("tile.cases_note", rows=whole(figures.file.n_rows)),
    )


def _recent(figures: Figures, w: Words) -> list[Tile]:
    if isinstance(figures.curve, LeftOut) or len(figures.curve.days) < 14:
        return []
    days, expected = figures.curve.days, figures.curve.expected
    now, before = week_before(days, expected, back=0), week_before(days, expected, back=7)
    reported = week_before(days, figures.curve.counts, back=0)
    note = w("tile.week_note", before=whole(before), reported=whole(reported))
    return [Tile(label=w(f"tile.week_{figures.curve.by}"), value=whole(now), note=note)]


def _r(figures: Figures, w: Words) -> list[Tile]:
    if isinstance(figures.transmission, LeftOut) or figures.transmission.latest is None:
        return []
    when, middle, low, high, growing = figures.transmission.latest
    note = w("tile.r_note", low=f"{low:.2f}", high=f"{high:.2f}", day=day(when), growing=w.chance(growing))
    return [Tile(label=w("tile.r"), value=f"{middle:.2f}", note=note)]


def _deaths(figures: Figures, w: Words) -> list[Tile]:
    found = figures.fatality
    if not isinstance(found, Fatality):
        return []
    share, low, high = found.naive
    if not isinstance(found.corrected, LeftOut):
        share, low, high = (
            float(found.corrected.estimate[0]),
            float(found.corrected.low[0]),
            float(found.corrected.high[0]),
        )
        key = "tile.deaths_corrected"
    else:
        key = "tile.deaths_naive"
    note = w(key, share=w.percent(share), low=w.percent(low), high=w.percent(high))
    return [Tile(label=w("tile.deaths"), value=whole(found.n_deaths), note=note)]


def _next_week(figures: Figures, w: Words) -> list[Tile]:
    if not isinstance(figures.outlook, Outlook):
        return []
    weeks = figures.outlook.trend_weeks or figures.outlook.weeks
    first, last, middle, low, high = weeks[0]
    note = w("tile.next_note", low=whole(low), high=whole(high), first=day(first), last=day(last))
    if figures.outlook.disagree is not None:
        note += w("tile.next_other", renewal=whole(figures.outlook.disagree[1]))
    return [Tile(label=w("tile.next"), value=whole(middle), note=note)]


def _changes(figures: Figures, w: Words) -> list[str]:
    return [
        text
        for text in (
            _of_file(figures, w),
            _of_curve(figures, w),
            _of_r(figures, w),
            _of_models(figures, w),
            _of_alerts(figures, w),
            _of_chains(figures, w),
            _of_data(figures, w),
        )
        if text
    ]


def _of_file(figures: Figures, w: Words) -> str:
    """Say first that a list has no dates, or is of several diseases and so of no one outbreak."""
    if figures.cases.as_of is None:
        return w("change.no_dates")
    n = len(figures.file.diseases)
    return w("change.several_diseases", n=n) if n > 1 else ""


def _of_curve(figures: Figures, w: Words) -> str:
    curve = figures.curve
    if not isinstance(curve, Curve) or len(curve.days) < 14:
        return ""
    now = week_before(curve.days, curve.expected, back=0)
    before = week_before(curve.days, curve.expected, back=7)
    if now + before < 5:
        return w("change.quiet", n=whole(now + before))
    ratio = now / max(before, 0.5)
    word = "change.up" if ratio > 1.25 else "change.down" if ratio < 0.8 else "change.level"
    return w(word, now=whole(now), before=whole(before))


def _of_r(figures: Figures, w: Words) -> str:
    spread = figures.transmission
    if not isinstance(spread, Transmission) or spread.latest is None:
        return ""
    when, middle, low, high, _ = spread.latest
    word = "change.r_above" if low > 1 else "change.r_below" if high < 1 else "change.r_open"
    return w(word, r=f"{middle:.2f}", low=f"{low:.2f}", high=f"{high:.2f}", day=day(when))


def _of_models(figures: Figures, w: Words) -> str:
    """Falling counts beside an R above one look like a mistake; that two models read one wave differently is said with them."""
    if isinstance(figures.outlook, LeftOut) or figures.outlook.disagree is None:
        return ""
    trend, renewal = figures.outlook.disagree
    return w("change.models", trend=whole(trend), renewal=whole(renewal))


def _of_alerts(figures: Figures, w: Words) -> str:
    found = figures.alerts
    if not isinstance(found, Alerts) or not found.checked:
        return ""
    if not found.alarms:
        return w("change.no_alarm")
    return w("change.alarms", n=len(found.alarms), day=day(found.alarms[0].day))


def _of_chains(figures: Figures, w: Words) -> str:
    found = figures.chains
    if not isinstance(found, Chains) or found.n_unknown is None:
        return ""
    key = "unknown" if isinstance(found.posterior, LeftOut) else "unlisted"
    return w(f"change.{key}_source", n=whole(found.n_unknown), total=whole(found.n_cases))


def _of_data(figures: Figures, w: Words) -> str:
    found = [one for one in figures.quality.findings if not one.rule.startswith("cut.")]
    n = sum(one.n for one in found)
    if not n:
        return w("change.data_clean")
    return w("change.data", n=whole(n), left=whole(figures.file.n_dropped))
