"""What all drawings of results have in common: fresh axes, whole steps, short dates, names of series, Chinese letters."""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CHINESE_FONTS = (
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "Noto Sans SC",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
    "Microsoft YaHei",
    "PingFang SC",
    "Hiragino Sans GB",
    "SimHei",
    "Noto Sans CJK JP",
)
UNNAMED = {"1", "series 0"}  # names that the only series gets where none is given
_EVERY, _MOST_TICKS = (1, 2, 4, 7, 14, 28), 8  # days between ticks: the same all along the axis
_DAYS = ["%Y", "%Y-%m", "%m-%d", "%H:%M", "%H:%M", "%S.%f"]  # ticks of years, months, days, and shorter
_NEW = ["", "%Y", "%m-%d", "%m-%d", "%H:%M", "%H:%M"]  # a tick where the next longer of these begins
_BESIDE = [
    "",
    "%Y",
    "%Y",
    "%Y-%m",
    "%Y-%m-%d",
    "%Y-%m-%d",
]  # what the ticks leave out, at the end of the axis


def new_axes(ax: "Axes | None") -> "Axes":
    """Return `ax`, or fresh axes that belong to no window, so that drawing works on a server.

    ImportError says how to get matplotlib where it is missing.
    """
    if ax is not None:
        return ax
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - matplotlib is optional and slow to start
    except ImportError as error:
        raise ImportError("plot() needs matplotlib: pip install 'lianfang[report]'.") from error

    axes = Figure(figsize=(8, 4.5), layout="constrained").add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def name_steps(axes: "Axes", days: Any, word: str = "day") -> None:
    """Say what the steps of the x axis are, in whole numbers; dates speak for themselves."""
    if days is None:
        axes.set_xlabel(word)
        axes.locator_params(axis="x", integer=True)


def name_series(axes: "Axes", names: Sequence[str]) -> None:
    """Name the lines drawn: a legend where there are several, nothing where there is one without a name of its own."""
    if len(names) > 1:
        axes.legend(frameon=False)
    elif names[0] not in UNNAMED:
        axes.set_title(names[0])


def finish(axes: "Axes") -> "Axes":
    """Put dates and Chinese letters right, whatever was drawn."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter  # noqa: PLC0415 - as in `new_axes`
    from matplotlib.ticker import MultipleLocator  # noqa: PLC0415

    if isinstance(axes.xaxis.get_major_locator(), AutoDateLocator):
        first, last = axes.get_xlim()
        step = next((days for days in _EVERY if (last - first) / days <= _MOST_TICKS), None)
        ticks: Any = MultipleLocator(step or 1)
        if step is None:
            ticks = AutoDateLocator(minticks=3, maxticks=_MOST_TICKS)  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_locator(ticks)
        words_of_days = ConciseDateFormatter(ticks, formats=_DAYS, zero_formats=_NEW, offset_formats=_BESIDE)  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_formatter(words_of_days)
    labels = [*axes.get_xticklabels(), *axes.get_yticklabels()]
    legend = axes.get_legend()
    words = [
        axes.title,
        axes.xaxis.label,
        axes.yaxis.label,
        *axes.texts,
        *(legend.get_texts() if legend else []),
    ]
    font = chinese_font() if any(_is_chinese(text.get_text()) for text in (*labels, *words)) else ""
    if font:
        for text in words:
            text.set_fontfamily([*text.get_fontfamily(), font])
        axes.tick_params(labelfontfamily=[*axes.title.get_fontfamily(), font])
    return axes


@lru_cache(maxsize=1)
def chinese_font() -> str:
    """Return the family of a Chinese font on this machine, or "" where there is none."""
    from matplotlib.font_manager import fontManager  # noqa: PLC0415 - as in `new_axes`

    present = {font.name for font in fontManager.ttflist}
    return next((name for name in CHINESE_FONTS if name in present), "")


def _is_chinese(text: str) -> bool:
    return any("\u2e80" <= sign <= "\u9fff" or "\uff00" <= sign <= "\uffef" for sign in text)
