"""How ill a patient is, by the protocol in force: mild, ordinary, severe, critical."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from lianfang.rulebook.book import Pack
from lianfang.rulebook.edition import RuleEdition
from lianfang.rulebook.expression import ItemFinding
from lianfang.rulebook.facts import Imaging, Vitals
from lianfang.rulebook.kinds.care import SeverityLevel, SeverityParameters
from lianfang.rulebook.leaves import Evidence
from lianfang.rulebook.terms import Text
from lianfang.rulebook.verdict import measured, stated, with_number

NOT_ASSESSED = Text(en="not assessed", zh="未评估")
SEA_LEVEL_MMHG = 760.0


@dataclass(frozen=True, slots=True)
class Severity:
    """The level (None: too little is known) with every sign that was looked at, met or not."""

    level: SeverityLevel | None
    label: Text
    findings: tuple[ItemFinding, ...]
    edition: RuleEdition

    @property
    def met(self) -> tuple[ItemFinding, ...]:
        """Return the signs that hold."""
        return tuple(f for f in self.findings if f.met)

    @property
    def missing(self) -> tuple[ItemFinding, ...]:
        """Return the signs that do not hold, or were not measured."""
        return tuple(f for f in self.findings if not f.met)


def severity(
    vitals: Vitals, imaging: Iterable[Imaging], pack: Pack, at: date | datetime, place: str = ""
) -> Severity:
    """Return the severity by the rule in force.

    One critical sign makes critical, one severe sign severe; pneumonia on an image without them is ordinary, images
    without pneumonia mild. Without any image and without a severe sign the level is None: unknown is not mild.
    """
    edition = pack.rule("severity", at=at, place=place)
    rule = edition.of(SeverityParameters)
    images = tuple(imaging)
    critical = _critical(vitals)
    severe = _severe(rule, vitals, images)
    pneumonia = _pneumonia(rule, images)
    level: SeverityLevel | None = "ordinary" if pneumonia.met else ("mild" if images else None)
    if any(f.met for f in severe):
        level = "severe"
    if any(f.met for f in critical):
        level = "critical"
    label = NOT_ASSESSED if level is None else rule.labels[level]
    return Severity(level, label, (*critical, *severe, pneumonia), edition)


def _critical(vitals: Vitals) -> tuple[ItemFinding, ...]:
    return (
        stated(
            "ventilated_respiratory_failure",
            Text(en="respiratory failure with mechanical ventilation", zh="呼吸衰竭且需机械通气"),
            vitals.ventilated_respiratory_failure,
        ),
        stated("shock", Text(en="shock", zh="休克"), vitals.shock),
        stated(
            "organ_failure_in_icu",
            Text(
                en="failure of another organ that needs intensive care",
                zh="合并其他器官功能衰竭需ICU监护治疗",
            ),
            vitals.organ_failure_in_icu,
        ),
    )


def _severe(rule: SeverityParameters, vitals: Vitals, images: tuple[Imaging, ...]) -> list[ItemFinding]:
    rate, spo2, ratio = rule.respiratory_rate, rule.spo2_percent, rule.pao2_fio2_mmhg
    found = [
        measured(
            "respiratory_rate",
            with_number("respiratory rate per minute", "呼吸频率（次/分）", rate),
            rate,
            vitals.respiratory_rate,
        ),
        measured(
            "spo2",
            with_number("oxygen saturation at rest, percent", "静息血氧饱和度（%）", spo2),
            spo2,
            vitals.spo2,
        ),
        measured(
            "pao2_fio2",
            with_number("PaO2/FiO2, mmHg", "氧合指数（mmHg）", ratio),
            ratio,
            corrected_ratio(rule, vitals),
        ),
    ]
    if rule.progress_percent is not None and rule.progress_within_hours is not None:
        found.append(_progress(rule, images, rule.progress_percent.holds, rule.progress_within_hours.holds))
    return found


def corrected_ratio(rule: SeverityParameters, vitals: Vitals) -> float | None:
    """Return PaO2/FiO2, times barometric pressure / 760 mmHg where the rule corrects for altitude.

    Without a measured pressure that of the standard atmosphere at the altitude is taken (ISO 2533).
    """
    if vitals.pao2_fio2 is None or rule.altitude_corrected_m is None:
        return vitals.pao2_fio2
    if not rule.altitude_corrected_m.holds(vitals.altitude_m):
        return vitals.pao2_fio2
    pressure = vitals.pressure_mmhg
    if pressure is None:
        pressure = float(SEA_LEVEL_MMHG * (1 - 2.25577e-5 * vitals.altitude_m) ** 5.25588)
    return vitals.pao2_fio2 * pressure / SEA_LEVEL_MMHG


def _progress(
    rule: SeverityParameters,
    images: tuple[Imaging, ...],
    grew: Callable[[float], bool],
    soon: Callable[[float], bool],
) -> ItemFinding:
    text = Text(
        en=f"lesions grew {rule.progress_percent} % within {rule.progress_within_hours} h",
        zh=f"病灶在{rule.progress_within_hours}小时内进展{rule.progress_percent}%",
    )
    evidence = tuple(
        Evidence("imaging", f"{i.progress_percent:g} % in {i.progress_hours:g} h", i.at)
        for i in images
        if i.progress_percent is not None
        and i.progress_hours is not None
        and grew(i.progress_percent)
        and soon(i.progress_hours)
    )
    return ItemFinding("imaging_progress", text, bool(evidence), evidence)


def _pneumonia(rule: SeverityParameters, images: tuple[Imaging, ...]) -> ItemFinding:
    wanted = frozenset(rule.pneumonia_findings)
    evidence = tuple(Evidence("imaging", f, i.at) for i in images for f in sorted(wanted & i.findings))
    return ItemFinding(
        "pneumonia", Text(en="pneumonia on imaging", zh="影像学可见肺炎表现"), bool(evidence), evidence
    )
