"""How many are infected in the end, by group, when contacts and susceptibility differ between groups."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lianfang.analytics.inputs import Floats, as_counts, as_number, complain, digest
from lianfang.analytics.result import Provenance, Result, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "FinalSize",
    "final_size",
]

SOURCE = "Andreasen, Bull Math Biol 2011;73:2305-2321; Miller, Bull Math Biol 2012;74:2125-2141"


@dataclass(frozen=True, kw_only=True)
class FinalSize(Result):
    """Share of each group that is infected by the end; `overall` weighs the groups by their size."""

    groups: tuple[str, ...]
    population: Floats
    infected_share: Floats

    @property
    def overall(self) -> float:
        """Share of the whole population."""
        return float(self.population @ self.infected_share / self.population.sum())

    def table(self) -> dict[str, list[Any]]:
        """Return one row a group: size, share infected, number infected."""
        return {
            "group": list(self.groups),
            "population": self.population.tolist(),
            "infected_share": self.infected_share.tolist(),
            "infected": (self.population * self.infected_share).tolist(),
        }

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the share infected by group."""
        ax = new_axes(ax)
        ax.bar(list(self.groups), self.infected_share)
        ax.set_xlabel("group")
        ax.set_ylabel("share infected by the end")
        ax.set_ylim(0, 1)
        return ax


def final_size(
    r0: float,
    *,
    contacts: Any = ((1.0,),),
    population: Any = (1.0,),
    susceptibility: Any = None,
    groups: tuple[str, ...] | None = None,
) -> FinalSize:
    """Return the share infected in each group at the end of an epidemic without any change of behaviour.

    Formula: 1 - p(i) = exp(-s(i) x sum over j of B(i, j) p(j)), B(i, j) = contacts(i, j) x population(j) scaled so that
    the largest eigenvalue of B is `r0`. Solved by iteration from p = 1 downwards, then Newton steps, to 1e-12.

    Parameters
    ----------
    r0
        Basic reproduction number in a fully susceptible population (all susceptibilities 1).
    contacts
        Square matrix of contacts per person and per person of the other group (`contacts[i][j]`: i meets j); only
        its shape matters. Symmetric if contacts are reciprocal.
    population
        Size of each group, above 0.
    susceptibility
        Per group, relative to 1; 1 for all when left out. 0 is full protection.

    Raises
    ------
    ValueError
        A matrix that is not square or does not fit the groups, negative entries, an empty group.

    Notes
    -----
    Source: Andreasen 2011, Miller 2012; agrees with finalsize (R) on the UK contact matrix within 3e-6, its own tolerance.
    Assumes an epidemic that runs its course: nobody changes behaviour, no vaccination meanwhile, infection protects.
    Not for forecasting a controlled outbreak. With effective R at most 1 the answer is 0 for all.

    Examples
    --------
    >>> round(final_size(1.5).overall, 7)
    0.5828116
    """
    number = as_number("r0", r0, low=0)
    sizes = as_counts("population", population, n_axes=(1,))
    matrix = as_counts("contacts", contacts, n_axes=(2,))
    n = len(sizes)
    if matrix.shape != (n, n):
        raise complain("contacts", f"a {n} x {n} matrix, as there are {n} groups", matrix.shape)
    if (sizes == 0).any():
        raise complain("population", "above 0 in every group", sizes.tolist())
    susceptible = (
        np.ones(n) if susceptibility is None else as_counts("susceptibility", susceptibility, n_axes=(1,))
    )
    if susceptible.shape != (n,):
        raise complain("susceptibility", f"one number for each of {n} groups", susceptible.shape)
    names = groups or tuple(str(i + 1) for i in range(n))
    if len(names) != n:
        raise complain("groups", f"{n} names", names)
    mixing = matrix * sizes[None, :]
    top = float(np.abs(np.linalg.eigvals(mixing)).max())
    if top == 0:
        raise complain("contacts", "above 0 somewhere", matrix.tolist())
    return FinalSize(
        groups=tuple(names),
        population=sizes,
        infected_share=_solve(susceptible[:, None] * mixing * (number / top)),
        provenance=Provenance(
            method="final size by group",
            source=SOURCE,
            parameters={"r0": number, "susceptibility": susceptible.tolist()},
            inputs={"contacts": digest(matrix), "population": digest(sizes)},
        ),
    )


def _solve(force: Floats) -> Floats:
    """Return the largest fixed point of p = 1 - exp(-force p); from above, iteration falls to it monotonically."""
    if float(np.abs(np.linalg.eigvals(force)).max()) <= 1:
        return np.zeros(len(force))
    p = np.ones(len(force))
    for _ in range(200):
        p = 1 - np.exp(-force @ p)
    for _ in range(50):
        kept = np.exp(-force @ p)
        gap = p - 1 + kept
        if np.abs(gap).max() < 1e-14:
            break
        p = p - np.linalg.solve(np.eye(len(p)) - kept[:, None] * force, gap)
    return np.asarray(np.clip(p, 0, 1))
