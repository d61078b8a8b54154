"""Everything that the report says in numbers, computed once; each part is a result or the reason why it is left out."""

from collections import Counter
from dataclasses import dataclass
from datetime import date

from lianfang.report.alerts import Alerts, alerts_of
from lianfang.report.chains import Chains, chains_of
from lianfang.report.curve import Curve, curve_of
from lianfang.report.delays import Delay, delays_of
from lianfang.report.fatality import Fatality, fatality_of
from lianfang.report.left_out import LeftOut
from lianfang.report.line_list import LineList
from lianfang.report.natural_history import NaturalHistory, natural_history
from lianfang.report.persons import Persons, persons_of
from lianfang.report.quality import Quality, quality_of
from lianfang.report.reading import CaseFile, LinkFile
from lianfang.report.transmission import Outlook, Transmission, outlook_of, transmission_of

SEED = 20


@dataclass(frozen=True, kw_only=True)
class Figures:
    """The numbers of one report. `classes` counts cases by classification, "" where none is stated."""

    file: CaseFile
    links: LinkFile | None
    cases: LineList
    disease: NaturalHistory | None
    seed: int
    n_deaths: int
    classes: tuple[tuple[str, int], ...]
    curve: Curve | LeftOut
    transmission: Transmission | LeftOut
    delays: list[Delay]
    no_delays: LeftOut | None
    fatality: Fatality | LeftOut
    persons: Persons | LeftOut
    chains: Chains | LeftOut
    alerts: Alerts | LeftOut
    outlook: Outlook | LeftOut
    quality: Quality


def compute(
    file: CaseFile,
    *,
    today: date,
    links: LinkFile | None = None,
    disease: str = "",
    as_of: date | None = None,
    seed: int = SEED,
) -> Figures:
    """Return all figures of a line list as it was known on `as_of` (by default its own last day).

    `disease` is a disease pack or a disease with published delays; left empty it is taken from the file. `today` only
    chooses the edition of the pack where the file has no dates. Raises UnknownDiseaseError.
    """
    cases = file.at(as_of)
    named = disease or file.disease
    known = _known(named, cases.as_of or today, is_asked=bool(disease))
    curve = curve_of(cases)
    delays, no_delays = delays_of(cases)
    spread = transmission_of(curve, known)
    return Figures(
        file=file,
        links=links,
        cases=cases,
        disease=known,
        seed=seed,
        n_deaths=cases.count(lambda line: line.is_dead),
        classes=tuple(sorted(Counter(line.classification for line in cases.lines).items())),
        curve=curve,
        transmission=spread,
        delays=delays,
        no_delays=no_delays,
        fatality=fatality_of(cases, known, delays),
        persons=persons_of(cases),
        chains=chains_of(cases, links, known, seed=seed),
        alerts=alerts_of(curve),
        outlook=outlook_of(curve, spread, seed=seed),
        quality=quality_of(file, cases),
    )


def _known(disease: str, at: date, *, is_asked: bool) -> NaturalHistory | None:
    """Return what is known of the disease; one that only the file names may be unknown to us."""
    if not disease:
        return None
    try:
        return natural_history(disease, at)
    except ValueError:
        if is_asked:
            raise
        return None
