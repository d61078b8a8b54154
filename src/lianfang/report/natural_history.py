"""What is known of a disease before the line list is opened: serial interval, incubation, onset to death."""

from dataclasses import dataclass
from datetime import date

from lianfang import rulebook
from lianfang.analytics.delays import DelayDistribution
from lianfang.analytics.priors import find_priors, published_priors
from lianfang.intake.fields import plain
from lianfang.rulebook.book import NoEditionError
from lianfang.rulebook.kinds.care import Distribution, NaturalHistoryParameters


@dataclass(frozen=True, kw_only=True)
class Known:
    """One delay with the paper it comes from, and the edition of the disease pack that took it up ("" for none).

    `log_sd` is the doubt about its mean that the number of patients of the paper leaves; 0 where that is not told.
    """

    distribution: DelayDistribution
    source: str
    edition: str = ""
    log_sd: float = 0.0


@dataclass(frozen=True, kw_only=True)
class NaturalHistory:
    """The delays of a disease in days; None where nothing is known. `en` and `zh` are its names."""

    code: str
    en: str
    zh: str
    serial_interval: Known | None = None
    incubation: Known | None = None
    onset_to_death: Known | None = None


class UnknownDiseaseError(ValueError):
    """No disease pack and no published delays go by that name; the message lists those there are."""


def natural_history(disease: str, at: date) -> NaturalHistory:
    """Return what is known of a disease: the pack's edition in force on `at`, completed by published delays.

    `disease` is the id of a pack (covid_19_cn_2020), its beginning (covid_19) or a name in the table of published
    delays (SARS). Raises UnknownDiseaseError.
    """
    book = rulebook.default()
    wanted = plain(disease)
    packs = [code for code in sorted(book.diseases()) if code == wanted or code.startswith(f"{wanted}_")]
    pack = packs[0] if packs else ""
    published = _published_name(wanted, pack)
    if not pack and not published:
        known = sorted({*book.diseases(), *(prior.disease for prior in published_priors())})
        raise UnknownDiseaseError(f"disease must be one of {', '.join(known)}. Got {disease!r}.")
    name = book.diseases()[pack] if pack else None
    serial, incubation = _of_pack(pack, at) if pack else (None, None)
    return NaturalHistory(
        code=pack or published,
        en=name.en if name else published,
        zh=name.zh if name else published,
        serial_interval=serial or _published(published, "serial interval"),
        incubation=incubation or _published(published, "incubation period"),
        onset_to_death=_published(published, "onset to death"),
    )


def _published_name(wanted: str, pack: str) -> str:
    for prior in published_priors():
        name = plain(prior.disease)
        if name == wanted or wanted.startswith(f"{name}_") or (pack and pack.startswith(name)):
            return prior.disease
    return ""


def _of_pack(pack: str, at: date) -> tuple[Known | None, Known | None]:
    rules = rulebook.default().pack(pack)
    try:
        edition = rules.rule("natural_history", at=at)
        found = rules.parameters("natural_history", NaturalHistoryParameters, at=at)
    except NoEditionError:
        return None, None
    return (
        Known(
            distribution=_delay(found.serial_interval),
            source=found.serial_interval_source,
            edition=edition.edition,
        ),
        Known(distribution=_delay(found.incubation), source=found.incubation_source, edition=edition.edition),
    )


def _delay(given: Distribution) -> DelayDistribution:
    if given.family == "lognormal":
        return DelayDistribution("lognormal", given.meanlog, given.sdlog)
    return DelayDistribution.from_moments(given.family, given.mean, given.sd)


def _published(disease: str, quantity: str) -> Known | None:
    if not disease:
        return None
    try:
        best = find_priors(disease, quantity)[0]
    except ValueError:
        return None
    if not isinstance(best.distribution, DelayDistribution):
        return None
    where = f", doi:{best.citation.doi}" if best.citation.doi else ""
    delay, n = best.distribution, best.sample_size or 0
    return Known(
        distribution=delay,
        source=f"{best.citation.authors} {best.citation.year}{where}",
        log_sd=delay.sd / delay.mean / n**0.5 if n > 1 and delay.mean > 0 else 0.0,
    )
