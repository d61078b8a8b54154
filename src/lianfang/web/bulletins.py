"""Bulletins: drawn up for an area and a day, looked at, issued in one's own name, printed, corrected."""

from collections.abc import Callable
from datetime import date
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext

from lianfang.bulletins.errors import NothingKnown
from lianfang.bulletins.models import Bulletin
from lianfang.bulletins.printing import name_of, pdf_of
from lianfang.bulletins.selectors import bulletins_in, proof_of
from lianfang.bulletins.services import draft_bulletin, draft_correction, issue_bulletin
from lianfang.bulletins.telling import LANGUAGES, document_of
from lianfang.common.errors import NotVisible
from lianfang.common.naming import is_chinese
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.registry.models import Place
from lianfang.regions.errors import NoIndicators
from lianfang.regions.indicators import INDICATORS
from lianfang.regions.mart import Mart
from lianfang.regions.selectors import chosen_disease
from lianfang.web.area import chosen_area
from lianfang.web.door import page

P = Permission
_LIMIT = 100


@page("bulletins", name="bulletins", permission=P.AREA_VIEW)
def bulletins(request: Any) -> HttpResponse:
    """List drafts and bulletins of an area and below; draw one up."""
    area = chosen_area(request, P.AREA_VIEW)
    disease = chosen_disease(request.GET.get("disease", ""))
    span = Mart(disease).span if disease else None
    context = {
        "area": area,
        "disease": disease,
        "span": span,
        "rows": bulletins_in(request.actor, area.path)[:_LIMIT],
        "may_draft": span is not None and request.actor.may(P.BULLETIN_DRAFT, area.path),
    }
    return render(request, "bulletins/list.html", context)


@page("bulletins", name="bulletins", permission=P.BULLETIN_DRAFT, method="POST")
def draft(request: Any) -> HttpResponse:
    """Draw up the bulletin of the area for a day."""
    area = chosen_area(request, P.BULLETIN_DRAFT)
    disease = chosen_disease(request.POST.get("disease", ""))
    if area.place is None or disease is None:
        raise NoIndicators
    try:
        on = date.fromisoformat(request.POST.get("on", ""))
    except ValueError as error:
        raise NothingKnown(on=gettext("this day"), first="–", last="–") from error
    row = draft_bulletin(disease=disease, place=area.place, on=on, by=request.actor, at=request.at)
    return redirect("web:bulletin", pk=row.pk)


def _one(request: Any, pk: int) -> Bulletin:
    row: Bulletin = Bulletin.objects.select_related("place", "issued_by", "corrects").get_visible(
        request.actor, pk=pk
    )
    return row


def address_of(row: Bulletin, actor: Actor, base: str = "") -> Callable[[str, str], str]:
    """Return how the address of what stands behind a figure is made; "" for an area into which the reader may not look."""
    codes = {code for key in row.figures.get("rows", {}) for code in key.split("+")}
    codes |= {one["code"] for one in row.figures.get("counted", [])}
    seen = {
        place.code for place in Place.objects.filter(code__in=codes) if actor.may(P.AREA_VIEW, place.path)
    }

    def address(figure: str, place: str) -> str:
        if place not in seen:
            return ""
        query = urlencode({"area": place, "day": row.on.isoformat(), "disease": row.disease})
        return f"{base}{reverse('web:area_figure', kwargs={'code': figure})}?{query}"

    return address


@page("bulletins/<int:pk>", name="bulletin", permission=P.AREA_VIEW)
def bulletin(request: Any, pk: int) -> HttpResponse:
    """Show a bulletin as it is told, whether it is what it was, and what can be done with it."""
    row = _one(request, pk)
    if not row.is_told:
        return _earlier(request, row)
    language = "zh" if is_chinese() else "en"
    document = document_of(row, language=language, address=address_of(row, request.actor))
    titles = {name: one.title for one in INDICATORS.values() for name in one.columns[:1]}
    proof = proof_of(row)
    course = row.figures["course"]
    context = {
        "row": row,
        "document": document,
        "sections": [
            (section, [(type(block).__name__, block) for block in section.blocks])
            for section in document.sections
        ],
        "curve": {
            "days": document_days(course),
            "series": [{"name": gettext("new confirmed"), "kind": "bar", "values": course["confirmed"]}],
        },
        "proof": proof,
        "differs": [(titles.get(name, name), told, now) for name, (told, now) in proof.differs.items()],
        "corrected_by": row.corrections.issued().first(),
        "may_issue": not row.is_issued and request.actor.may(P.BULLETIN_ISSUE, row.path),
        "may_correct": row.holds and request.actor.may(P.BULLETIN_DRAFT, row.path),
        "languages": [("zh", "中文"), ("en", "English")],
    }
    return render(request, "bulletins/bulletin.html", context)


def _earlier(request: Any, row: Bulletin) -> HttpResponse:
    """Say of a bulletin of the earlier form why it is not told, and offer to draw the day up anew to who may."""
    may = request.actor.may(P.BULLETIN_DRAFT, row.path)
    context = {
        "row": row,
        "corrected_by": row.corrections.issued().first(),
        "may_correct": may and row.holds,
        "may_draft": may and not row.is_issued,
    }
    return render(request, "bulletins/earlier.html", context, status=HTTPStatus.GONE)


def document_days(course: Any) -> list[str]:
    """Return the days of the curve as they are written below it."""
    first = date.fromisoformat(course["first"]).toordinal()
    days = [date.fromordinal(first + n) for n in range(len(course["confirmed"]))]
    return [f"{day.month}-{day.day:02d}" for day in days]


@page("bulletins/<int:pk>/issue", name="issue_bulletin", permission=P.BULLETIN_ISSUE, method="POST")
def issue(request: Any, pk: int) -> HttpResponse:
    """Issue a draft in one's own name."""
    row = issue_bulletin(bulletin=_one(request, pk), by=request.actor, at=request.at)
    messages.success(
        request, gettext("Issued. What is issued is not changed; a correction is a new version.")
    )
    return redirect("web:bulletin", pk=row.pk)


@page("bulletins/<int:pk>/correction", name="correct_bulletin", permission=P.BULLETIN_DRAFT, method="POST")
def correct(request: Any, pk: int) -> HttpResponse:
    """Draw up a correction from what is known now."""
    remark = request.POST.get("remark", "")
    row = draft_correction(bulletin=_one(request, pk), remark=remark, by=request.actor, at=request.at)
    return redirect("web:bulletin", pk=row.pk)


@page("bulletins/<int:pk>/<str:language>.pdf", name="bulletin_pdf", permission=P.AREA_VIEW)
def pdf(request: Any, pk: int, language: str) -> HttpResponse:
    """Return the bulletin for print."""
    row = _one(request, pk)
    if language not in LANGUAGES:
        raise NotVisible(thing=gettext("language"))
    base = request.build_absolute_uri("/").rstrip("/")
    answer = HttpResponse(
        pdf_of(row, language=language, address=address_of(row, request.actor, base)),
        content_type="application/pdf",
    )
    answer["Content-Disposition"] = f'inline; filename="{name_of(row, language)}"'
    return answer
