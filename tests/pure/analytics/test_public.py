"""Every public name of `lianfang.analytics` keeps the same promises: walked over, so that a new one is held to them."""

import builtins
import dataclasses
import doctest
import inspect
import re
import subprocess
import sys
import warnings
from importlib import import_module
from itertools import pairwise

import numpy as np
import pandas as pd
import polars as pl
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import ConciseDateFormatter

import lianfang.analytics
from lianfang.analytics import rt, scoring
from lianfang.analytics.drawing import chinese_font
from lianfang.analytics.inputs import as_floats, as_labels, as_rows, as_times
from lianfang.analytics.result import Result, new_axes

from .public_examples import EXAMPLES

TOPICS = [import_module(f"lianfang.analytics.{name}") for name in lianfang.analytics.__all__]
PUBLIC = {(topic.__name__, name): getattr(topic, name) for topic in TOPICS for name in topic.__all__}
FUNCTIONS = {
    value: name for (_, name), value in PUBLIC.items() if callable(value) and not inspect.isclass(value)
}
RESULTS = {value for value in PUBLIC.values() if inspect.isclass(value) and issubclass(value, Result)}

# Formulas and look-ups whose answer is a number, a vector or an input of other functions, not a finding of an analysis.
PLAIN = {
    "days_until_full",
    "discretise_serial_interval",
    "exceedance",
    "find_priors",
    "gini",
    "infectivity",
    "pit_values",
    "presence",
    "prior_delay",
    "published_priors",
    "reproduction_number_of_growth",
    "resolved_fatality",
}
BUILDERS = {"read_priors"}  # reads a file; tried in test_priors

SOURCE = r"[Ss]ource|doi:|et al\. \d{4}"
ASSUMES = r"[Aa]ssum"
WHEN_NOT = r"\b[Nn]ot for\b|\b[Dd]o not use\b|\b[Uu]se it only\b"
ELSEWHERE = r"those of `(\w+)`|as in `(\w+)`|[Aa]s `(\w+)`|^`(\w+)` followed by|`(\w+)` followed by"


def is_date(value):
    return isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value) is not None


def as_numpy(values):
    if is_date(np.ravel(np.array(values, dtype=object))[0]):
        return np.array(values, dtype="datetime64[D]")
    return np.array(values, dtype=object if None in values else None)


def as_pandas(values):
    if isinstance(values[0], list):
        return pd.DataFrame(values)
    return pd.to_datetime(pd.Series(values)) if is_date(values[0]) else pd.Series(values)


def as_polars(values):
    if isinstance(values[0], list):
        return pl.DataFrame(values, orient="row")
    made = pl.Series(values, strict=False)
    return made.str.to_date() if is_date(values[0]) else made


KINDS = {"numpy": as_numpy, "pandas": as_pandas, "polars": as_polars}


@pytest.fixture(scope="module")
def answers():
    return {example.function: example.function(**example.data, **example.options) for example in EXAMPLES}


def parts(answer):
    """Return the results in an answer: itself, or those in a tuple or mapping of results."""
    if isinstance(answer, Result):
        return [answer]
    if isinstance(answer, dict):
        return [one for one in answer.values() if isinstance(one, Result)]
    return [one for one in answer if isinstance(one, Result)] if isinstance(answer, tuple) else []


def same(one, other):
    """Equal up to the dates, which keep the type that was given."""
    if isinstance(one, Result):
        left, right = one.to_polars(), other.to_polars()
        assert left.columns == right.columns
        for name in left.columns:
            if left[name].dtype.is_numeric():
                np.testing.assert_allclose(
                    left[name].cast(pl.Float64).to_numpy(), right[name].cast(pl.Float64).to_numpy()
                )
        assert one.provenance.method == other.provenance.method
    elif isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            same(one[key], other[key])
    elif isinstance(one, tuple) and one and isinstance(one[0], Result):
        for left, right in zip(one, other, strict=True):
            same(left, right)
    elif isinstance(one, np.ndarray | float):
        np.testing.assert_allclose(one, other)
    else:
        assert one == other


def test_every_public_function_has_an_example():
    assert {example.function for example in EXAMPLES} == {
        function for function, name in FUNCTIONS.items() if name not in BUILDERS
    }


def test_every_topic_says_what_is_public():
    for topic in TOPICS:
        assert topic.__all__
        assert sorted(topic.__all__) == sorted(set(topic.__all__))
        assert inspect.getdoc(topic), topic.__name__
    assert set(lianfang.analytics.__all__) <= set(dir(lianfang.analytics))
    assert (
        lianfang.analytics.rt.reproduction_number
        is import_module("lianfang.analytics.rt").reproduction_number
    )
    with pytest.raises(AttributeError):
        lianfang.analytics.nothing  # noqa: B018


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.function.__name__)
@pytest.mark.parametrize("kind", KINDS)
def test_accepts_numpy_pandas_and_polars(example, kind, answers):
    if not example.data:
        return
    given = {name: KINDS[kind](values) for name, values in example.data.items()}
    same(answers[example.function], example.function(**given, **example.options))


def test_every_function_returns_results_save_the_formulas(answers):
    bare = {FUNCTIONS[function] for function, answer in answers.items() if not parts(answer)}
    assert bare == PLAIN
    met = {type(part) for answer in answers.values() for part in parts(answer)}
    assert met >= RESULTS, RESULTS - met


def test_results_are_frozen_and_know_how_they_were_made(answers):
    for function, answer in answers.items():
        seeded = "seed" in inspect.signature(function).parameters
        for part in parts(answer):
            assert dataclasses.is_dataclass(part)
            with pytest.raises(dataclasses.FrozenInstanceError):
                part.provenance = None
            made = part.provenance
            assert made.method, function
            assert len(made.source) > 5, function
            assert made.inputs or made.parameters, function
            if seeded and function.__name__ not in {"estimate_renewal", "compare_delays", "fit_delay"}:
                assert made.seed is not None, function


def test_results_become_frames_and_drawings(answers):
    for function, answer in answers.items():
        for part in parts(answer):
            frame = part.to_polars()
            assert frame.width >= 1, function
            assert list(part.to_pandas().columns) == frame.columns
            assert len(part.to_pandas()) == frame.height
            axes = part.plot()
            assert axes.has_data(), function
            assert part.plot(axes) is axes


def is_readable(axes):
    """Say what of a drawing cannot be read: an axis without a name, ticks over each other, a legend outside."""
    canvas = FigureCanvasAgg(axes.figure)
    canvas.draw()
    for axis in (axes.xaxis, axes.yaxis):
        numbers = [label for label in axis.get_ticklabels() if label.get_text().strip("-−.0123456789") == ""]
        shown = [label for label in axis.get_ticklabels() if label.get_text() and label.get_visible()]
        if (
            shown
            and len(numbers) == len(shown)
            and not isinstance(axis.get_major_formatter(), ConciseDateFormatter)
        ):
            assert axis.label.get_text(), f"{axis.axis_name} has no name"
        boxes = sorted(
            (label.get_window_extent().extents for label in shown),
            key=lambda box: box[0 if axis is axes.xaxis else 1],
        )
        for one, other in pairwise(boxes):
            assert one[2 if axis is axes.xaxis else 3] <= other[0 if axis is axes.xaxis else 1] + 1, (
                f"{axis.axis_name} ticks overlap"
            )
    legend = axes.get_legend()
    if legend:
        inside = axes.figure.bbox
        box = legend.get_window_extent()
        assert inside.x0 <= box.x0
        assert box.x1 <= inside.x1


def test_drawings_can_be_read(answers):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for function, answer in answers.items():
            for part in parts(answer):
                try:
                    is_readable(part.plot())
                except (AssertionError, UserWarning) as wrong:
                    pytest.fail(f"{function.__name__}: {wrong}")


@pytest.mark.parametrize("n", [10, 40, 150, 700])
def test_days_on_an_axis_do_not_stand_over_each_other(n):
    days = np.datetime64("2019-12-20") + np.arange(n)
    is_readable(rt.reproduction_number([10] * n, serial_interval=[0, 0.5, 0.5], days=days).plot())


@pytest.mark.skipif(not chinese_font(), reason="no Chinese font on this machine")
def test_chinese_names_are_drawn_with_their_letters():
    counts = [[1, 2], [2, 3], [4, 6], [8, 9], [15, 14], [22, 20], [30, 31], [41, 38], [50, 52], [60, 61]]
    drawn = rt.reproduction_number(counts, serial_interval=[0, 0.5, 0.5], series=["武汉市", "黄冈市"]).plot()
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib warns of a letter that no font has
        is_readable(drawn)
        is_readable(scoring.relative_skill({"甲模型": [1.0], "乙模型": [2.0]}, baseline="乙模型").plot())


def test_drawing_without_matplotlib_says_what_to_install(monkeypatch, answers):
    real = builtins.__import__

    def refuse(name, *rest, **more):
        if name.startswith(("matplotlib", "pandas")):
            raise ModuleNotFoundError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(ImportError, match=r"lianfang\[report\]"):
        new_axes(None)
    some = next(answer for answer in answers.values() if isinstance(answer, Result))
    with pytest.raises(ImportError, match="to_polars"):
        some.to_pandas()


def words(function, seen=()):
    """Return a docstring with those it points to: "formula and cautions are those of `x`"."""
    text = " ".join((inspect.getdoc(function) or "").split())
    for found in re.findall(ELSEWHERE, text):
        name = next(part for part in found if part)
        target = next((value for (_, known), value in PUBLIC.items() if known == name), None)
        if target is not None and target not in seen and target is not function:
            text += " " + words(target, (*seen, function))
    return text


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_documented_with_formula_source_assumptions_and_limits(function):
    text = words(function)
    assert re.search(SOURCE, text), "no source"
    assert re.search(ASSUMES, text), "no assumption"
    assert re.search(WHEN_NOT, text), "not when not to use it"
    if FUNCTIONS[function] not in BUILDERS:
        assert ">>>" in (inspect.getdoc(function) or ""), "no doctest"


def test_every_public_class_is_documented_and_frozen():
    for (_, name), value in PUBLIC.items():
        if inspect.isclass(value):
            assert inspect.getdoc(value), name
            assert value.__dataclass_params__.frozen, name


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.__name__.rpartition(".")[2])
def test_doctests_run(topic):
    finder = doctest.DocTestFinder(recurse=False)
    for name in topic.__all__:
        value = getattr(topic, name)
        home = sys.modules.get(getattr(value, "__module__", ""))
        for case in finder.find(value, name, module=home, globs=vars(home) | vars(topic)) if home else []:
            assert doctest.DocTestRunner().run(case).failed == 0, name


def test_the_library_needs_neither_django_nor_matplotlib_nor_pandas():
    script = (
        "import sys; from lianfang.analytics import *;"
        "bad = {'django', 'matplotlib', 'pandas'} & set(sys.modules); assert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_columns_of_every_kind_are_read_alike():
    with_gap = ["a", None, "b"]
    for kind in (np.array(with_gap, dtype=object), pd.Series(with_gap), pl.Series(with_gap)):
        assert as_labels(kind) == with_gap
    assert as_labels(pd.Series([1.0, np.nan])) == [1.0, None]
    assert as_labels(pd.to_datetime(pd.Series(["2020-01-01", None])))[1] is None
    rows = [("a", 1), ("b", 2)]
    for table in (pd.DataFrame(rows), pl.DataFrame(rows, orient="row"), rows, np.array(rows, dtype=object)):
        assert as_rows(table) == rows
    days = ["1970-01-03", None, "1970-01-01"]
    for column in (
        days,
        pl.Series(days).str.to_date(),
        pd.to_datetime(pd.Series(days)),
        np.array([2.0, np.nan, 0]),
    ):
        np.testing.assert_array_equal(as_times("onset", column), [2, np.nan, 0])
    with pytest.raises(ValueError, match="onset must be days"):
        as_times("onset", ["1970-01-03", "yesterday"])
    with pytest.raises(ValueError, match="not dates"):
        as_floats("counts", np.array(["2020-01-01"], dtype="datetime64[ns]"))
