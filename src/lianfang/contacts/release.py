"""Whether a contact may be released by the edition in force, and what is missing."""

from dataclasses import dataclass
from datetime import datetime

from lianfang.cases.models import Screening
from lianfang.common.clock import local_day, site_zone
from lianfang.common.paths import code_of
from lianfang.contacts.models import Contact, Observation, Seen, Swab
from lianfang.contacts.rules import Rules
from lianfang.core.rules import site_rules
from lianfang.rulebook.edition import RuleEdition
from lianfang.rulebook.expression import ItemFinding
from lianfang.rulebook.facts import CaseFacts, LabTest, Temperature
from lianfang.rulebook.observation import release

_RESULT = {"positive": "positive", "negative": "negative", "indeterminate": "inconclusive"}


@dataclass(frozen=True, slots=True)
class ReleaseVerdict:
    """What holds and what is missing; `is_judged` says whether the edition wants a person's judgement."""

    edition: RuleEdition
    met: tuple[ItemFinding, ...]
    missing: tuple[ItemFinding, ...]
    is_judged: bool

    @property
    def ready(self) -> bool:
        """Return whether nothing is missing."""
        return not self.missing


def release_verdict(contact: Contact, *, at: datetime) -> ReleaseVerdict | None:
    """Return the verdict of the edition in force; None where the disease has no rule of observation."""
    place = code_of(contact.path)
    rule = Rules().observing(contact.disease, local_day(at), place).rule
    if rule is None:
        return None
    pack = site_rules().pack(contact.disease)
    found = release(facts_of(contact), contact.last_contact_on, pack, at.astimezone(site_zone()), place)
    return ReleaseVerdict(found.edition, found.met, found.missing, rule.release_judged)


def facts_of(contact: Contact) -> CaseFacts:
    """Return what the observation found, over all rows of the person: signs nobody looked at, fevers, results."""
    rows = Contact.objects.filter(person_id=contact.person_id, disease=contact.disease)
    visits = Observation.objects.current().filter(contact__in=rows, seen__in=(Seen.SEEN_OK, Seen.SEEN_NOT_OK))
    looked = max(
        Screening.objects.filter(person_id=contact.person_id, looked_at__isnull=False).values_list(
            "looked_at", flat=True
        ),
        default=None,
    )
    open_ = [v for v in visits.order_by("occurred_at") if looked is None or v.occurred_at > looked]
    signs = {
        sign: True
        for visit in open_
        if visit.seen == Seen.SEEN_NOT_OK
        for sign in visit.signs or ["not_specified"]
    }
    swabs = Swab.objects.current().filter(contact__in=rows).order_by("occurred_at")
    return CaseFacts(
        symptoms=signs,
        temperatures=tuple(
            Temperature(at=v.occurred_at.astimezone(site_zone()), celsius=v.temperature)
            for v in open_
            if v.temperature is not None
        ),
        tests=tuple(
            LabTest(
                kind=swab.kind,
                sampled_at=swab.occurred_at.astimezone(site_zone()),
                result=_RESULT.get(swab.finding, ""),
                resulted_at=swab.resulted_at.astimezone(site_zone()) if swab.resulted_at else None,
            )
            for swab in swabs
        ),
    )
