"""The nowcast of every area at once: invented onsets with known delays, as they were known then and as they came out."""

from datetime import date, timedelta
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from lianfang.common.clock import end_of
from lianfang.regions.flows import number_of
from lianfang.regions.mart import Mart
from lianfang.regions.nowcasts import AGES, nowcasts_of
from lianfang.regions.outlooks import LEVELS, Outlook, _write, score_nowcasts
from lianfang.regions.panel import Panel
from lianfang.regions.vocabulary import FLOWS

LAST = date(2020, 3, 20)
N_AREAS, N_DAYS, LATER = 12, 80, 14
AREAS = tuple(f"CN.42.42{n:02}." for n in range(N_AREAS))


@pytest.fixture(scope="module")
def world():
    """Flows of all areas (the first has next to nobody), and what fell ill on each day in truth."""
    rng = np.random.default_rng(8)
    rows, truth = [], np.zeros((N_DAYS, N_AREAS), dtype=np.int32)
    first = number_of(LAST) + LATER - N_DAYS + 1
    for n, area in enumerate(AREAS):
        level = 0.02 if n == 0 else rng.uniform(3, 15)
        truth[:, n] = rng.poisson(level * np.exp(np.cumsum(rng.normal(0, 0.03, N_DAYS))))
        for day, k in enumerate(truth[:, n]):
            for delay in rng.gamma(2.0, 2.0, k).astype(int):
                on = first + day
                known = int(end_of(LAST + timedelta(days=int(on + delay - number_of(LAST)))).timestamp())
                rows.append((f"{area}0001.", on, "onset", 1, known))
    columns = list(zip(*rows, strict=True))
    table = pa.table(
        {field.name: pa.array(values, field.type) for field, values in zip(FLOWS, columns, strict=True)}
    )
    return table, truth


def test_the_last_days_are_completed(world):
    flows, truth = world
    found = nowcasts_of(flows, AREAS, LAST, LEVELS)
    assert np.isnan(found.reported[0]).all(), "two reports are too few"
    rows = N_DAYS - LATER - 1 - np.arange(AGES)
    came, known = truth[rows][:, 1:].T, found.reported[1:]
    assert (known <= came).all()
    assert known.sum() < 0.75 * came.sum()
    assert found.quantiles[1:, :, 2].sum() == pytest.approx(came.sum(), rel=0.15)
    inside = (found.quantiles[1:, :, 0] <= came) & (came <= found.quantiles[1:, :, 4])
    assert inside.mean() > 0.85


def test_it_is_scored_two_weeks_later_against_what_came(world, tmp_path):
    flows, truth = world
    nothing = np.full((N_AREAS, 2, len(LEVELS)), np.nan)
    rt = {name: np.full((1, N_AREAS), np.nan) for name in ("mean", "low", "high", "above_one")}
    found = Outlook(
        areas=AREAS,
        last=LAST,
        rt=rt,
        ahead=nothing,
        baseline=nothing,
        nowcasts=nowcasts_of(flows, AREAS, LAST, LEVELS),
    )
    mart = Mart("test", tmp_path)
    _write(found, mart.root / "outlooks" / "one.parquet")
    run = SimpleNamespace(result={"file": "one.parquet", "last": LAST.isoformat(), "nowcasts": N_AREAS - 1})
    panel = Panel(areas=AREAS, first=LAST + timedelta(days=LATER - N_DAYS + 1), columns={"onset": truth})
    score = score_nowcasts(run, panel, mart)
    assert score["n"] == N_AREAS - 1
    assert score["ratio"] < 0.5, "better than to take what is reported for all there is"
    assert score["inside_95"] > 0.85
