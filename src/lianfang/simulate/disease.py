"""What the disease does to one person: when, how badly, how infectious, by age. Parameters only; `course` draws from them."""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import special

from lianfang.simulate.checks import complain, positive, shares, within

SEVERITIES = ("asymptomatic", "mild", "severe", "critical")
N_AGE_BANDS = 9  # 0-9, 10-19, ... 70-79, 80 and over
LONGEST_INFECTIOUS_DAYS = 30


@dataclass(frozen=True)
class Duration:
    """A log-normal time: its mean and its standard deviation, in one unit (days here, hours in `Clocks`).

    >>> Duration(5.5, 2.5).median()
    5.007015626044326
    """

    mean: float
    sd: float = 0.0

    def __post_init__(self) -> None:
        positive("mean", self.mean)
        within("sd", self.sd, 0)

    def log_parameters(self) -> tuple[float, float]:
        """Return mean and standard deviation of the logarithm."""
        variance = math.log1p((self.sd / self.mean) ** 2)
        return math.log(self.mean) - variance / 2, math.sqrt(variance)

    def median(self) -> float:
        """Return the median, in the unit of the mean."""
        return math.exp(self.log_parameters()[0])

    def times(self, factor: float) -> "Duration":
        """Return the duration stretched by `factor` (mean and spread alike)."""
        return Duration(self.mean * factor, self.sd * factor)


@dataclass(frozen=True, kw_only=True)
class Disease:
    """Parameters of a respiratory infection; the defaults describe COVID-19 in China in early 2020.

    r0
        Mean number of people whom a person drawn at random infects if all others are susceptible and nobody reacts.
        The hazard of a contact is fitted to it for each city (`calibrate`). 0 switches transmission off.
    dispersion
        Shape k of the gamma-distributed infectiousness of persons; small k means super-spreading, infinity none.
    layer_weights
        Relative hazard of one contact at home, at school, at work, in the community.
    incubation, presymptomatic_days
        Infection to onset, and by how much infectiousness begins before onset (never within a day of infection).
        Asymptomatic persons have the same times, without the onset.
    infectious_mean, infectious_sd
        Gamma-shaped infectiousness over the days since it begins, cut at the 99.5 % point.
    asymptomatic_share, severe_share, critical_share, death_share
        By age band of ten years (the ninth: 80 and over): asymptomatic among infected; severe or worse among
        infected; critical among severe or worse; death among critical. Severe or worse is drawn first; the
        asymptomatic share is of those who are not.
    no_bed_factor
        Factor on the probability that a critical person dies without a bed (the product is at most 1).

    Sources of the defaults: incubation Linton et al. 2020; infectiousness around onset He et al. 2020; k Endo et al.
    2020 (0.1; moved to 0.4 because the layers add dispersion of their own); severe share and the infection fatality
    that critical x death reproduces Verity et al. 2020; critical share Ferguson et al. 2020 (Report 9). Shares of
    asymptomatic infection and layer weights are assumptions.
    """

    name: str = "COVID-19"
    r0: float = 2.5
    dispersion: float = 0.4
    layer_weights: tuple[float, float, float, float] = (3.0, 1.0, 1.0, 0.7)
    asymptomatic_infectiousness: float = 0.5
    susceptibility: tuple[float, ...] = (0.5, 0.7, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0)
    incubation: Duration = Duration(5.6, 2.8)
    presymptomatic_days: float = 2.0
    infectious_mean: float = 3.5
    infectious_sd: float = 2.3
    asymptomatic_share: tuple[float, ...] = (0.5, 0.4, 0.3, 0.25, 0.2, 0.2, 0.15, 0.15, 0.15)
    severe_share: tuple[float, ...] = (0.001, 0.0004, 0.0104, 0.0343, 0.0425, 0.0816, 0.118, 0.166, 0.184)
    critical_share: tuple[float, ...] = (0.05, 0.05, 0.05, 0.05, 0.063, 0.122, 0.274, 0.432, 0.709)
    death_share: tuple[float, ...] = (0.6,) * N_AGE_BANDS
    no_bed_factor: float = 1.5
    onset_to_severe: Duration = Duration(7.0, 2.5)
    severe_to_critical: Duration = Duration(2.5, 1.5)
    critical_to_death: Duration = Duration(8.0, 4.0)
    recovery_mild: Duration = Duration(13.0, 4.0)
    recovery_severe: Duration = Duration(14.0, 5.0)
    recovery_critical: Duration = Duration(18.0, 6.0)
    fever_share: float = 0.85
    profile: NDArray[np.float64] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        within("r0", self.r0, 0, 50)
        positive("dispersion", self.dispersion)
        positive("infectious_mean", self.infectious_mean)
        positive("infectious_sd", self.infectious_sd)
        within("presymptomatic_days", self.presymptomatic_days, 0, 30)
        within("no_bed_factor", self.no_bed_factor, 1)
        within("asymptomatic_infectiousness", self.asymptomatic_infectiousness, 0, 1)
        within("fever_share", self.fever_share, 0, 1)
        for name in ("susceptibility", "asymptomatic_share", "severe_share", "critical_share", "death_share"):
            shares(name, getattr(self, name), N_AGE_BANDS)
        if len(self.layer_weights) != 4 or min(self.layer_weights) < 0 or max(self.layer_weights) == 0:
            raise complain("layer_weights", "four numbers of 0 or more, not all 0", self.layer_weights)
        object.__setattr__(self, "profile", infectiousness(self.infectious_mean, self.infectious_sd))

    def durations(self) -> tuple[Duration, ...]:
        """Return the durations of the course in the order of the `course` kernel."""
        return (
            self.incubation,
            self.onset_to_severe,
            self.severe_to_critical,
            self.critical_to_death,
            self.recovery_mild,
            self.recovery_severe,
            self.recovery_critical,
        )


def infectiousness(mean: float, sd: float) -> NDArray[np.float64]:
    """Return the share of a person's infectiousness on each day since it begins (day 0 first); it sums to 1.

    >>> infectiousness(3.5, 2.3)[:4].round(3).tolist()
    [0.09, 0.202, 0.207, 0.168]
    """
    shape, scale = (mean / sd) ** 2, sd**2 / mean
    last = min(int(np.ceil(special.gammaincinv(shape, 0.995) * scale)), LONGEST_INFECTIOUS_DAYS)
    steps = np.diff(special.gammainc(shape, np.arange(last + 1) / scale))
    return np.asarray(steps / steps.sum(), dtype=np.float64)
