"""Bulletins of areas: drawn up, issued in a person's name, corrected, printed."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, ClassVar, Literal

from django.http import HttpResponse
from ninja import Schema

from lianfang.api.door import Sent, area_path, endpoint, page_size, place_where
from lianfang.bulletins.models import Bulletin
from lianfang.bulletins.printing import name_of, pdf_of
from lianfang.bulletins.selectors import bulletins_in
from lianfang.bulletins.services import draft_bulletin, draft_correction, issue_bulletin
from lianfang.bulletins.telling import as_told, no_address
from lianfang.core.access.permissions import Permission

P = Permission


class BulletinOut(Schema):
    """A bulletin; areas with few residents are told together with others."""

    id: int
    place: str
    disease: str
    on: date
    version: int
    corrects: int | None
    drawn_up_at: datetime
    known_at: datetime
    issued_at: datetime | None
    issued_by: str
    superseded_at: datetime | None
    remark: str
    edition: str
    digest: str

    @staticmethod
    def resolve_place(row: Any) -> str:
        """The code of the area."""
        return str(row.place.code)

    @staticmethod
    def resolve_corrects(row: Any) -> int | None:
        """The bulletin that it corrects."""
        found: int | None = row.corrects_id
        return found

    @staticmethod
    def resolve_issued_by(row: Any) -> str:
        """The name of who issued it."""
        return str(row.issued_by.name) if row.issued_by else ""


class BulletinToldOut(BulletinOut):
    """A bulletin with its figures."""

    figures: dict[str, Any]

    @staticmethod
    def resolve_figures(row: Any) -> dict[str, Any]:
        """The figures, of areas none of which has few residents."""
        return as_told(row)


class BulletinIn(Sent):
    """The area and the day for which a bulletin is drawn up."""

    place: str
    disease: str
    on: date
    example: ClassVar[Mapping[str, Any]] = {
        "place": "420106",
        "disease": "covid_19_cn_2020",
        "on": "2020-02-12",
    }


class BulletinCorrectionIn(Sent):
    """What was wrong; it is printed."""

    remark: str
    example: ClassVar[Mapping[str, Any]] = {"remark": "two cases were counted twice"}


def _one(request: Any, pk: int) -> Bulletin:
    row: Bulletin = Bulletin.objects.select_related("place", "issued_by").get_visible(request.actor, pk=pk)
    return row


@endpoint("GET", "/bulletins", P.AREA_VIEW, response=list[BulletinOut])
def list_all(request: Any, area: str = "", limit: int = 100) -> Any:
    """List drafts and bulletins of an area and below, the newest first."""
    return bulletins_in(request.actor, area_path(area))[: page_size(limit)]


@endpoint("POST", "/bulletins", P.BULLETIN_DRAFT, response=BulletinToldOut)
def draw_up(request: Any, body: BulletinIn) -> Any:
    """Draw up the bulletin of an area for a day from what is known now; a draft of the same day is replaced."""
    place = place_where(request.actor, P.BULLETIN_DRAFT, body.place)
    return draft_bulletin(disease=body.disease, place=place, on=body.on, by=request.actor, at=request.at)


@endpoint("GET", "/bulletins/{pk}", P.AREA_VIEW, response=BulletinToldOut)
def one(request: Any, pk: int) -> Any:
    """Return a bulletin with its figures."""
    return _one(request, pk)


@endpoint("POST", "/bulletins/{pk}/issue", P.BULLETIN_ISSUE, response=BulletinToldOut)
def issue(request: Any, pk: int) -> Any:
    """Issue a draft in one's own name; nothing of it changes from then on."""
    return issue_bulletin(bulletin=_one(request, pk), by=request.actor, at=request.at)


@endpoint("POST", "/bulletins/{pk}/corrections", P.BULLETIN_DRAFT, response=BulletinToldOut)
def correct(request: Any, pk: int, body: BulletinCorrectionIn) -> Any:
    """Draw up the same day anew; issued, it takes the place of this one, which stays readable."""
    return draft_correction(bulletin=_one(request, pk), remark=body.remark, by=request.actor, at=request.at)


@endpoint("GET", "/bulletins/{pk}/pdf", P.AREA_VIEW)
def print_out(request: Any, pk: int, language: Literal["zh", "en"] = "zh") -> HttpResponse:
    """Return a bulletin as PDF."""
    row = _one(request, pk)
    answer = HttpResponse(pdf_of(row, language=language, address=no_address), content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="{name_of(row, language)}"'
    return answer
