"""Charts as SVG with matplotlib: one for wide pages and print, one for a phone; text stays text.

Colours are those of `PAPER`; a page may put variables in their place, so that charts follow light and dark.
"""

import io
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from lianfang.analytics.delays import DelayDistribution
from lianfang.analytics.drawing import chinese_font

Floats = NDArray[np.float64]
PAPER = {
    "ink": "#1f2933",
    "soft": "#66727f",
    "grid": "#dde2e7",
    "bar": "#5b84b1",
    "line": "#a3471a",
    "dead": "#8c2f4b",
}
_FALLBACK = "DejaVu Sans"
_SIZES = {"wide": (7.6, 2.9), "narrow": (3.7, 2.9)}
_ID = re.compile(
    r' id="(?:figure|axes|patch|line2d|text|matplotlib\.axis|xtick|ytick|FillBetween\w*|LineCollection|PathCollection|legend)_\d+"'
)


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One chart in two widths."""

    wide: str
    narrow: str


def _drawn(name: str, paint: Callable[[Axes, str], None]) -> Picture:
    return Picture(**{width: _one(f"{name}-{width}", width, paint) for width in _SIZES})


def _one(name: str, width: str, paint: Callable[[Axes, str], None]) -> str:
    """Return one SVG. The salt makes its ids the same every time and unlike those of other charts on the page."""
    family = [chinese_font() or _FALLBACK, _FALLBACK]
    settings: Any = {
        "svg.fonttype": "none",
        "svg.hashsalt": name,
        "font.family": family,
        "font.size": 8.5,
        "text.color": PAPER["ink"],
        "axes.edgecolor": PAPER["soft"],
        "axes.labelcolor": PAPER["ink"],
        "axes.linewidth": 0.6,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.unicode_minus": False,
        "xtick.color": PAPER["soft"],
        "ytick.color": PAPER["soft"],
        "xtick.labelcolor": PAPER["ink"],
        "ytick.labelcolor": PAPER["ink"],
        "grid.color": PAPER["grid"],
        "grid.linewidth": 0.6,
        "legend.frameon": False,
        "legend.fontsize": 8,
        "lines.linewidth": 1.4,
    }
    with mpl.rc_context(settings), warnings.catch_warnings():
        # Without a Chinese font only the measuring is off: the text itself is left to the reader's fonts.
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from font", category=UserWarning)
        figure = Figure(figsize=_SIZES[width], layout="constrained")
        axes = figure.add_subplot()
        paint(axes, width)
        out = io.StringIO()
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    return _ID.sub("", text)


def _when(days: Sequence[date]) -> Floats:
    return np.asarray([day.toordinal() for day in days], dtype=np.float64)


def _frame(axes: Axes, label: str) -> None:
    axes.grid(axis="y")
    axes.set_axisbelow(True)
    axes.set_ylabel(label)
    axes.tick_params(length=2.5)


def _time(axes: Axes, width: str, first: date, last: date) -> None:
    """Name days along the axis: every so many days, or the first of every so many months."""
    ticks, form = day_ticks(first, last, most=4 if width == "narrow" else 9)
    axes.set_xlim(first.toordinal() - 1, last.toordinal() + 1)
    axes.set_xticks(_when(ticks), [day.strftime(form) for day in ticks])


def day_ticks(first: date, last: date, *, most: int) -> tuple[list[date], str]:
    """Return at most `most` days from `first` to `last` and the form in which to write them.

    >>> day_ticks(date(2020, 1, 30), date(2020, 2, 12), most=4)[0][:2]
    [datetime.date(2020, 1, 30), datetime.date(2020, 2, 6)]
    >>> [day.isoformat() for day in day_ticks(date(2020, 1, 30), date(2020, 9, 1), most=4)[0]]
    ['2020-03-01', '2020-05-01', '2020-07-01', '2020-09-01']
    """
    n_days = (last - first).days + 1
    for step in (1, 2, 7, 14):
        if -(-n_days // step) <= most:
            return [first + timedelta(days=at) for at in range(0, n_days, step)], "%m-%d"
    months = [
        date(year, month, 1)
        for year in range(first.year, last.year + 1)
        for month in range(1, 13)
        if first <= date(year, month, 1) <= last
    ]
    step = next((n for n in (1, 2, 3, 6) if sum((d.month - 1) % n == 0 for d in months) <= most), 12)
    return [day for day in months if (day.month - 1) % step == 0], "%Y-%m"


def _legend(axes: Axes, width: str) -> None:
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        ncols=1 if width == "narrow" else 3,
        borderaxespad=0.2,
        handlelength=1.4,
    )


def draw_curve(
    days: Sequence[date],
    counts: Floats,
    completed: tuple[Sequence[date], Floats, Floats, Floats] | None,
    labels: tuple[str, str, str, str],
) -> Picture:
    """Draw cases by day as bars; `completed` is (days, median, low, high); labels: axis, bars, median, range."""

    def paint(axes: Axes, width: str) -> None:
        axes.bar(
            _when(days), counts, width=1.0 if len(days) > 90 else 0.85, color=PAPER["bar"], label=labels[1]
        )
        if completed is not None:
            when, median, low, high = completed
            axes.fill_between(
                _when(when),
                low,
                high,
                step="mid",
                color=PAPER["line"],
                alpha=0.22,
                linewidth=0,
                label=labels[3],
            )
            axes.step(_when(when), median, where="mid", color=PAPER["line"], label=labels[2])
        axes.set_ylim(bottom=0)
        axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
        _frame(axes, labels[0])
        _time(axes, width, days[0], days[-1])
        _legend(axes, width)

    return _drawn("curve", paint)


def draw_r(
    weekly: tuple[Sequence[date], Floats, Floats, Floats],
    aware: tuple[Sequence[date], Floats, Floats, Floats] | None,
    unsure_from: date | None,
    labels: tuple[str, str, str, str],
) -> Picture:
    """Draw R by windows and by the delay-aware model with 90 % ranges; labels: axis, windows, model, unsure days."""

    def paint(axes: Axes, width: str) -> None:
        for series, colour, label in ((weekly, "bar", labels[1]), (aware, "line", labels[2])):
            if series is None:
                continue
            when, middle, low, high = series
            axes.fill_between(_when(when), low, high, color=PAPER[colour], alpha=0.2, linewidth=0)
            axes.plot(_when(when), middle, color=PAPER[colour], label=label)
        axes.axhline(1, color=PAPER["ink"], linewidth=0.8, linestyle=(0, (4, 3)))
        if unsure_from is not None:
            axes.axvspan(
                *_when([unsure_from, weekly[0][-1]]),
                color=PAPER["soft"],
                alpha=0.14,
                linewidth=0,
                label=labels[3],
            )
        tops = [np.nanquantile(s[3], 0.9) for s in (weekly, aware) if s is not None and len(s[3])]
        axes.set_ylim(0, float(np.clip(1.15 * max(tops), 2, 8)))
        _frame(axes, labels[0])
        _time(axes, width, weekly[0][0] if aware is None else aware[0][0], weekly[0][-1])
        _legend(axes, width)

    return _drawn("r", paint)


def draw_delay(
    code: str, days: Floats, fitted: DelayDistribution | None, labels: tuple[str, str, str, str]
) -> Picture:
    """Draw how many cases had each delay, with the fitted distribution; labels: axes x and y, bars, fit."""
    longest = int(np.clip(np.quantile(days, 0.99) + 2, 7, 60))

    def paint(axes: Axes, width: str) -> None:
        counts = np.bincount(days[days <= longest].astype(int), minlength=longest + 1)
        axes.bar(np.arange(longest + 1), counts / len(days), color=PAPER["bar"], width=0.85, label=labels[2])
        if fitted is not None:
            axes.plot(
                np.arange(longest + 1),
                fitted.pmf(longest + 60)[: longest + 1],
                color=PAPER["line"],
                label=labels[3],
            )
        axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f}%")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
        axes.set_xlabel(labels[0])
        _frame(axes, labels[1])
        _legend(axes, width)

    return _drawn(f"delay-{code}", paint)


def draw_offspring(counts: Sequence[int], labels: tuple[str, str]) -> Picture:
    """Draw how many cases have 0, 1, 2, ... recorded secondary cases, on a scale by powers of ten."""

    def paint(axes: Axes, _width: str) -> None:
        axes.bar(np.arange(len(counts)), counts, color=PAPER["bar"], width=0.8)
        axes.set_yscale("symlog", linthresh=1)
        axes.set_ylim(bottom=0)
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0f}")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
        axes.set_xlabel(labels[0])
        _frame(axes, labels[1])

    return _drawn("offspring", paint)


def draw_outlook(
    past: tuple[Sequence[date], Floats],
    ahead: tuple[Sequence[date], Floats, Floats, Floats],
    labels: tuple[str, str, str, str],
) -> Picture:
    """Draw the last weeks and the days ahead with their 90 % range; labels: axis, past, median, range."""

    def paint(axes: Axes, width: str) -> None:
        when, middle, low, high = ahead
        axes.bar(_when(past[0]), past[1], color=PAPER["bar"], width=0.85, label=labels[1])
        axes.fill_between(
            _when(when), low, high, color=PAPER["line"], alpha=0.22, linewidth=0, label=labels[3]
        )
        axes.plot(_when(when), middle, color=PAPER["line"], label=labels[2])
        axes.set_ylim(bottom=0)
        axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
        _frame(axes, labels[0])
        _time(axes, width, past[0][0], when[-1])
        _legend(axes, width)

    return _drawn("outlook", paint)
