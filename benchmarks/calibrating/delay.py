"""Delays fitted to windows, and serial intervals by period: simulated, and drawn again from real lists."""

import numpy as np
import polars as pl

from calibrating import REAL, check, inside_levels
from lianfang.analytics.delays import DelayDistribution, fit_delay, serial_interval_by_period
from measuring import shared

NAMES = ("mean", "q0.5", "q0.95")


def records(rng, distribution, n, *, growth=0.0, until=None):
    """Return n doubly censored records; with `until`, only those whose onset came before it."""
    kept = []
    while len(kept) < n:
        width = rng.integers(1, 5)
        begin = rng.integers(0, 40) if not growth else np.floor(40 + np.log(max(rng.random(), 1e-9)) / growth)
        exposed = begin + rng.random() * width
        onset = exposed + float(distribution.quantile(rng.random()))
        if begin < 0 or (until is not None and np.floor(onset) + 1 > until):
            continue
        kept.append((begin, begin + width, np.floor(onset), np.floor(onset) + 1))
    rows = np.array(kept)
    rows[:, 1] = np.minimum(rows[:, 1], rows[:, 3])
    return rows.T


def limits_of(windows, family, **options):
    def at(level):
        fit = fit_delay(*windows, family=family, probabilities=(0.5, 0.95), level=level, **options)
        return tuple(np.array([fit.estimate(name)[side] for name in NAMES]) for side in (1, 2))

    return at


def truth_of(distribution):
    return [distribution.mean, float(distribution.quantile(0.5)), float(distribution.quantile(0.95))]


for method in ("profile", "asymptotic"):

    @check(
        f"delays.fit_delay, {method}",
        "mean, median, 95 % point; log-normal, gamma, Weibull; 30 to 200 records",
    )
    def simulated(quick, method=method):
        rng = np.random.default_rng(1)
        for family in ("lognormal", "gamma", "weibull"):
            for n in (30, 200):
                for _ in range(4 if quick else 60):
                    truth = DelayDistribution.from_moments(family, rng.uniform(4, 9), rng.uniform(2, 4))
                    windows = records(rng, truth, n)
                    yield inside_levels(truth_of(truth), limits_of(windows, family, intervals=method))


@check("delays.fit_delay, bootstrap", "the same, log-normal, 60 records")
def bootstrapped(quick):
    rng = np.random.default_rng(2)
    for seed in range(2 if quick else 24):
        truth = DelayDistribution.from_moments("lognormal", rng.uniform(4, 9), rng.uniform(2, 4))
        windows = records(rng, truth, 60)
        options = {"intervals": "bootstrap", "n_bootstrap": 50, "seed": seed}
        yield inside_levels(truth_of(truth), limits_of(windows, "lognormal", **options))


@check("delays.fit_delay, profile", "cut at today while cases double in 5 days, truncation told")
def truncated(quick):
    rng = np.random.default_rng(3)
    for _ in range(4 if quick else 80):
        truth = DelayDistribution.from_moments("lognormal", rng.uniform(4, 7), rng.uniform(2, 3))
        windows = records(rng, truth, 120, growth=np.log(2) / 5, until=40)
        yield inside_levels(truth_of(truth), limits_of(windows, "lognormal", truncated_at=40))


@check(
    "delays.fit_delay, profile",
    "the same, truncation not told",
    warned=True,
    note="shown as a warning: the fit cannot know",
)
def truncated_untold(quick):
    rng = np.random.default_rng(3)
    for _ in range(4 if quick else 80):
        truth = DelayDistribution.from_moments("lognormal", rng.uniform(4, 7), rng.uniform(2, 3))
        windows = records(rng, truth, 120, growth=np.log(2) / 5, until=40)
        yield inside_levels(truth_of(truth), limits_of(windows, "lognormal"))


@check("delays.fit_delay, profile", "hospital to report, STEC 2011: samples of 60 of 630", kind=REAL,
       note="mean of the whole list; the family is not the truth")  # fmt: skip
def hus(quick):
    table = pl.read_csv(shared("nowcast_hus_2011") / "linelist.csv", try_parse_dates=True).drop_nulls()
    yield from resampled(
        (table["dReport"] - table["dHosp"]).dt.total_days().to_numpy(), "lognormal", 60, quick
    )


def resampled(days, family, n, quick):
    """Draw lists of n with replacement; the truth is the mean of the whole list, half a day of rounding in it."""
    rng = np.random.default_rng(4)
    zero = np.zeros(n)
    for _ in range(10 if quick else 150):
        drawn = rng.choice(days, n).astype(float)
        # both days are known, neither hour: the delay lies within a day of their difference
        windows = (zero, zero + 1, drawn, drawn + 1)

        def at(level, windows=windows):
            return fit_delay(*windows, family=family, level=level).estimate("mean")[1:]

        yield inside_levels([days.mean()], at)


def onset_lags():
    table = pl.read_csv(shared("chains_china_pairs_2020") / "pairs.csv", infer_schema=False)
    days = [
        pl.col(f"{side}_onsetDate").str.to_date("%Y/%m/%d", strict=False).alias(side)
        for side in ("infector", "infectee")
    ]
    return table.select(days).drop_nulls()


@check("delays.serial_interval_by_period", "mean onset lag of Chinese pairs: samples of 40 of 458", kind=REAL,
       note="mean of all pairs; lags are skewed, the family is normal")  # fmt: skip
def chinese_pairs(quick):
    table = onset_lags()
    lag = (table["infectee"] - table["infector"]).dt.total_days().to_numpy()
    rng = np.random.default_rng(5)
    for _ in range(10 if quick else 200):
        chosen = rng.integers(0, len(table), 40)
        yield inside_levels([lag.mean()], lambda level, c=chosen: _period(table, c, level))


def _period(table, chosen, level):
    drawn = table[chosen.tolist()]
    result = serial_interval_by_period(
        drawn["infector"], drawn["infectee"], periods=[("2020-01-01", "2020-03-31")], level=level
    )
    return result.fits[0].estimate("mean")[1:]


@check("delays.serial_interval_by_period", "normal, mean 5.1, sd 5.3, 20 to 100 pairs")
def simulated_pairs(quick):
    rng = np.random.default_rng(6)
    for n in (20, 100):
        for _ in range(5 if quick else 150):
            first = rng.integers(0, 20, n)
            second = np.floor(first + rng.random(n) + rng.normal(5.1, 5.3, n)).astype(int)
            origin = np.datetime64("2020-01-01")

            def at(level, first=first, second=second, origin=origin):
                result = serial_interval_by_period(
                    origin + first, origin + second, periods=[("2020-01-01", "2020-01-31")], level=level
                )
                return result.fits[0].estimate("mean")[1:]

            yield inside_levels([5.1], at)
