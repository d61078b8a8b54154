"""Everyone who should be tested and investigated, is - and the names of those who are not."""

from datetime import datetime
from typing import Any, ClassVar

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from lianfang.cases.models import Case, Sample
from lianfang.core.access.actor import Actor
from lianfang.loop.coverage import Coverage, coverages


def _open_cases(actor: Actor, path: str) -> QuerySet[Any]:
    rows = Case.objects.visible_to(actor).filter(outcome="")
    return rows.filter(path__within=path) if path else rows


@coverages.add
class Tested(Coverage):
    """Everyone who is suspected or a case has given a sample (应检尽检)."""

    code = "cases.tested"
    title: ClassVar[Any] = _("Tested who should be tested")

    def should(self, actor: Actor, path: str, at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        return _open_cases(actor, path).exclude(classification__in=("not_classified", "excluded"))

    def covered(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        samples = Sample.objects.current().filter(case_id=OuterRef("pk"))
        return among.filter(Exists(samples))


@coverages.add
class Investigated(Coverage):
    """Every confirmed or asymptomatic case that is still open has been investigated."""

    code = "cases.investigated"
    title: ClassVar[Any] = _("Investigated")
    twin = "contacts.listed"

    def should(self, actor: Actor, path: str, at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        return _open_cases(actor, path).filter(confirmed_at__isnull=False)

    def covered(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        return among.filter(investigated_at__isnull=False)
