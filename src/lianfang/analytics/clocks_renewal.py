"""Isolation and tracing with imperfect success, in a renewal kernel: which pairs of success stop the spread.

The natural history is Ferretti et al. 2020 (Science): pre-symptomatic, symptomatic, asymptomatic and environmental
transmission. The response follows the idea of Fraser et al. 2004 with the dependence kept exact.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats

from lianfang.analytics.inputs import Floats, as_counts, as_number, complain
from lianfang.analytics.result import Provenance, Result, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "IsolationTracingGrid",
    "TransmissionKernel",
    "isolation_tracing_grid",
]

_stats: Any = stats  # scipy carries no types

SOURCE = "Ferretti et al., Science 2020;368:eabb6936; Fraser et al., PNAS 2004;101:6146-6151"


@dataclass(frozen=True, kw_only=True)
class TransmissionKernel:
    """When and by which route transmission happens; defaults are those of Ferretti et al. 2020 (R0 = 2.0).

    Generation time of direct transmission: Weibull(`shape`, `scale`) days. Incubation: log-normal. A share
    `fraction_asymptomatic` never has symptoms and transmits `relative_asymptomatic` as much. The environment adds
    `environmental_share` of R0, with an exponential delay of rate `environmental_decay` a day.
    """

    r0: float = 2.0
    shape: float = 2.826
    scale: float = 5.665
    incubation_meanlog: float = 1.644
    incubation_sdlog: float = 0.363
    fraction_asymptomatic: float = 0.4
    relative_asymptomatic: float = 0.1
    environmental_share: float = 0.1
    environmental_decay: float = 2.3
    horizon_days: float = 25.0
    step_days: float = 0.1

    def __post_init__(self) -> None:
        """Refuse parameters outside their range."""
        for name in ("r0", "shape", "scale", "incubation_sdlog", "environmental_decay", "step_days"):
            as_number(name, getattr(self, name), low=1e-9)
        for name in ("fraction_asymptomatic", "relative_asymptomatic", "environmental_share"):
            as_number(name, getattr(self, name), low=0, high=1)
        for name in ("incubation_meanlog", "horizon_days"):
            as_number(name, getattr(self, name))
        if self.horizon_days < 10 * self.step_days:
            raise complain("horizon_days", "at least ten steps", self.horizon_days)


FERRETTI_2020 = TransmissionKernel()


@dataclass(frozen=True, kw_only=True)
class IsolationTracingGrid(Result):
    """R for each pair of success probabilities; `R[i, j]` belongs to `isolation[i]` and `tracing[j]`."""

    isolation: Floats
    tracing: Floats
    R: Floats
    routes: dict[str, float]

    def table(self) -> dict[str, list[Any]]:
        """Return one row a pair, isolation first."""
        i, j = np.meshgrid(self.isolation, self.tracing, indexing="ij")
        return {"isolation": i.ravel().tolist(), "tracing": j.ravel().tolist(), "R": self.R.ravel().tolist()}

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw R by colour, with the line R = 1 where there is one."""
        ax = new_axes(ax)
        mesh = ax.pcolormesh(self.isolation, self.tracing, self.R.T, shading="nearest", cmap="RdYlGn_r")
        if self.R.min() < 1 < self.R.max():
            line = ax.contour(self.isolation, self.tracing, self.R.T, levels=[1.0], colors="black")
            ax.clabel(line, fmt="R = %g")
        ax.set_xlim(0, 1)
        ax.set_ylim(0, 1)
        ax.figure.colorbar(mesh, ax=ax, label="R")
        ax.set_xlabel("success of isolating cases")
        ax.set_ylabel("success of tracing contacts")
        return ax


@dataclass(frozen=True)
class _Grid:
    ages: Floats  # mid-points of the steps since infection
    direct: Floats  # density of direct transmission of one who gets symptoms
    onset: Floats  # cumulated incubation at the mid-points, by index
    pre_symptomatic: Floats


def _grid(kernel: TransmissionKernel) -> _Grid:
    n = round(kernel.horizon_days / kernel.step_days)
    ages: Floats = (np.arange(n, dtype=np.float64) + 0.5) * kernel.step_days
    timing = _stats.weibull_min(kernel.shape, scale=kernel.scale).pdf(ages) * kernel.step_days
    mixed = 1 - kernel.fraction_asymptomatic * (1 - kernel.relative_asymptomatic)
    if mixed == 0:
        raise complain(
            "relative_asymptomatic", "above 0 when everybody is asymptomatic", kernel.relative_asymptomatic
        )
    direct = timing / timing.sum() * kernel.r0 * (1 - kernel.environmental_share) / mixed
    onset = _stats.lognorm(kernel.incubation_sdlog, scale=np.exp(kernel.incubation_meanlog)).cdf(ages)
    return _Grid(ages=ages, direct=direct, onset=onset, pre_symptomatic=direct * (1 - onset))


def _onset_by(kernel: TransmissionKernel, ages: Floats) -> Floats:
    law = _stats.lognorm(kernel.incubation_sdlog, scale=np.exp(kernel.incubation_meanlog))
    return np.asarray(law.cdf(np.maximum(ages, 0)))


def _not_traced(
    kernel: TransmissionKernel, grid: _Grid, isolation: float, delays: tuple[float, float]
) -> Floats:
    """Return P(source recognised and contact reached by age tau | infected when the source had age a), axes (tau, a).

    A source that was recognised and not isolated can still infect, and its contacts are reached after the delay; so the
    event "recognised by u and transmits at a" has probability F(u) - isolation x F(min(u, a)), all shifted by delays.
    """
    to_isolation, to_tracing = delays
    a = grid.ages[None, :]
    reach = a + grid.ages[:, None] - to_tracing
    recognised = _onset_by(kernel, reach - to_isolation)
    recognised -= isolation * _onset_by(kernel, np.minimum(reach, a) - to_isolation)
    transmits = 1 - isolation * _onset_by(kernel, grid.ages - to_isolation)[None, :]
    return np.asarray(np.where(transmits > 1e-12, recognised / np.maximum(transmits, 1e-12), 0.0))


def _reproduction(
    kernel: TransmissionKernel, grid: _Grid, success: tuple[float, float], delays: tuple[float, float]
) -> float:
    """Dominant eigenvalue of the next-generation operator over (age of the traceable source | not traceable)."""
    isolation, tracing = success
    share = kernel.fraction_asymptomatic
    free = 1 - tracing * _not_traced(kernel, grid, isolation, delays)
    own = 1 - isolation * _onset_by(kernel, grid.ages - delays[0])
    symptomatic = (1 - share) * grid.direct * own
    asymptomatic = share * kernel.relative_asymptomatic * grid.direct
    # contamination follows infectiousness, and is laid down only while its source is free
    shed = (
        kernel.environmental_share / (1 - kernel.environmental_share)
        if kernel.environmental_share < 1
        else 0.0
    )
    other = asymptomatic + shed * (symptomatic + asymptomatic)
    n = len(grid.ages)
    matrix = np.empty((n + 1, n + 1))
    matrix[:n, :n] = symptomatic[:, None] * free
    matrix[:n, n] = symptomatic
    matrix[n, :n] = other @ free
    matrix[n, n] = other.sum()
    vector = np.ones(n + 1)
    value = 0.0
    for _ in range(500):
        image = matrix @ vector
        size = float(image.sum())
        if size < 1e-300:
            return 0.0
        vector = image / size
        if abs(size - value) < 1e-12 * max(size, 1):
            break
        value = size
    return size


def isolation_tracing_grid(
    isolation: Any,
    tracing: Any,
    *,
    isolation_delay: float = 0.0,
    tracing_delay: float = 0.0,
    kernel: TransmissionKernel = FERRETTI_2020,
) -> IsolationTracingGrid:
    """Return R for every pair of success of isolating cases and of quarantining their contacts.

    Formula: dominant eigenvalue of the next-generation kernel K(tau, a) = beta(tau) (1 - e_I F(tau - d_I))
    (1 - e_T C(tau, a)), with F the incubation distribution, a the source's age at transmission, C the probability that
    the source is recognised and the contact reached before tau, given that the source could transmit at a.

    Parameters
    ----------
    isolation, tracing
        Success probabilities (each one number or a sequence), 0 to 1.
    isolation_delay
        Days from symptoms to isolation of the case.
    tracing_delay
        Days from isolation of the case to quarantine of its contacts.

    Raises
    ------
    ValueError
        A success outside 0-1 or a negative delay.

    Notes
    -----
    Source: Ferretti et al. 2020 (natural history), Fraser et al. 2004 (response). Assumes that asymptomatic sources are not
    recognised; environmental transmission is cut by isolating its source and cannot be traced. Quarantine is complete
    once it succeeds. Because of these two choices figures differ a little from the printed map of Ferretti et al.
    Not for settings where tracing is limited by staff: success must then fall with the number of cases.
    Cost: about 15 ms a pair at the default step.

    Examples
    --------
    >>> grid = isolation_tracing_grid([0, 1], [0, 1])
    >>> round(float(grid.R[0, 0]), 3), bool(grid.R[1, 1] < 1)
    (2.0, True)
    """
    success_i = np.atleast_1d(as_counts("isolation", np.atleast_1d(isolation), n_axes=(1,)))
    success_t = np.atleast_1d(as_counts("tracing", np.atleast_1d(tracing), n_axes=(1,)))
    for name, values in (("isolation", success_i), ("tracing", success_t)):
        as_number(f"max({name})", float(values.max()), low=0, high=1)
    delays = (
        as_number("isolation_delay", isolation_delay, low=0),
        as_number("tracing_delay", tracing_delay, low=0),
    )
    grid = _grid(kernel)
    table = [
        [_reproduction(kernel, grid, (i, t), delays) for t in success_t.tolist()] for i in success_i.tolist()
    ]
    return IsolationTracingGrid(
        isolation=success_i,
        tracing=success_t,
        R=np.array(table),
        routes=_routes(kernel, grid),
        provenance=Provenance(
            method="renewal kernel with isolation and tracing",
            source=SOURCE,
            parameters={"isolation_delay": delays[0], "tracing_delay": delays[1], "kernel": repr(kernel)},
        ),
    )


def _routes(kernel: TransmissionKernel, grid: _Grid) -> dict[str, float]:
    """R without response by route."""
    share = 1 - kernel.fraction_asymptomatic
    before = share * float(grid.pre_symptomatic.sum())
    return {
        "pre-symptomatic": before,
        "symptomatic": share * float(grid.direct.sum()) - before,
        "asymptomatic": kernel.fraction_asymptomatic
        * kernel.relative_asymptomatic
        * float(grid.direct.sum()),
        "environmental": kernel.r0 * kernel.environmental_share,
    }
