"""A bulletin drawn up, issued, corrected and printed: over real figures of Hubei, and over persons of a small county."""

import subprocess
from datetime import date, timedelta
from shutil import which

import pytest
from django.urls import reverse
from tests.apps.outlook.story import DISEASE, a_case
from tests.apps.regions.china import build_places, rows_by_day
from tests.apps.regions.test_history import morning_after, take_until
from tests.world import NOON

from lianfang.bulletins.derive import NextBulletins
from lianfang.bulletins.errors import (
    AlreadyIssued,
    NothingKnown,
    NotIssued,
    OldDraft,
    RemarkNeeded,
    TooFewLive,
)
from lianfang.bulletins.models import Bulletin
from lianfang.bulletins.printing import pdf_of
from lianfang.bulletins.selectors import proof_of
from lianfang.bulletins.services import draft_bulletin, draft_correction, issue_bulletin
from lianfang.bulletins.telling import as_told, document_of, no_address
from lianfang.cases import services as cases
from lianfang.cases.models import Case
from lianfang.common.errors import NotPermitted
from lianfang.core.access.actor import Actor
from lianfang.core.audit.models import Event
from lianfang.core.registry.models import Place
from lianfang.loop.worker import sweep
from lianfang.regions.night import compute
from lianfang.report.document import Grid

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("test")
DAY = date(2020, 3, 15)


@pytest.fixture
def hubei(shared_data):
    folder = shared_data / "china_covid_2020"
    build_places(folder, ("42",))
    rows = rows_by_day(folder, ("42",))
    take_until(rows, DAY)
    compute(DISEASE, at=morning_after(DAY))
    return rows


def a_draft(code="42", on=DAY, at=None):
    place = Place.objects.get(code=code)
    return draft_bulletin(disease=DISEASE, place=place, on=on, by=SYSTEM, at=at or morning_after(DAY))


def test_the_figures_are_those_that_the_cities_published(hubei):
    row = a_draft()
    published = {one["place"]: one for one in hubei[DAY]}
    cities = published.keys() & row.figures["rows"].keys()
    assert len(cities) == 13, "four counties stand right below the province"
    for code in cities:
        one, told = published[code], row.figures["rows"][code]
        assert (told["total"], told["total_cured"], told["total_died"]) == (
            one["confirmed"],
            one["cured"],
            one["died"],
        )
    assert row.figures["own"]["total"] == sum(one["confirmed"] for one in published.values())
    assert row.figures["own"]["confirmed"] == 4
    assert proof_of(row).is_whole
    assert proof_of(row).differs == {}


@pytest.mark.skipif(which("pdftotext") is None, reason="pdftotext reads what stands in the PDF")
@pytest.mark.parametrize(
    ("language", "words"),
    [("en", ["To 24:00 of 2020-03-15", "67 794", "Confirmed so far"]), ("zh", ["截至 2020-03-15 24", "67 794", "累计确诊"])],
)  # fmt: skip
def test_it_is_printed_in_both_languages(hubei, tmp_path, language, words):
    path = tmp_path / "bulletin.pdf"
    path.write_bytes(
        pdf_of(a_draft(), language=language, address=lambda figure, place: f"https://a/{figure}")
    )
    text = subprocess.run(
        ["pdftotext", "-layout", path, "-"], capture_output=True, text=True, check=True
    ).stdout
    for word in words:
        assert word in text


def test_every_figure_leads_to_its_rows_and_query(hubei):
    document = document_of(a_draft(), language="en", address=lambda figure, place: f"{figure}@{place}")
    tiles = document.sections[0].blocks[1].tiles
    assert all(len(tile.links) == 1 and tile.links[0][1].endswith("@42") for tile in tiles)
    sources = document.sections[-1].blocks[0]
    assert isinstance(sources, Grid)
    assert list(sources.links) == [tile.links for tile in tiles]


def test_steps_of_desks_are_told_as_such(hubei):
    at = date(2020, 2, 14)
    notes = as_told(a_draft(on=at))["notes"]
    assert any(note["column"] == "total" and note["size"] > 10_000 for note in notes)
    sentences = [
        block.text
        for block in document_of(a_draft(on=at), language="en", address=no_address).sections[-2].blocks
    ]
    assert any("work of desks" in text for text in sentences)


def confirm(world, day, **fields):
    at = NOON + timedelta(days=day)
    case = a_case(world, 20, **fields)
    cases.rule_on_case(
        case=case, classification="confirmed", reason="positive", by=world.actor("alice", at), at=at
    )
    return case


def issue(row, by=SYSTEM, at=NOON + timedelta(days=1)):
    return issue_bulletin(bulletin=row, by=by, at=at)


@pytest.fixture
def dongshan(world):
    """One confirmed case of 12 February, and the night after."""
    confirm(world, 0)
    compute(DISEASE, at=NOON + timedelta(days=1))
    return world


ON = date(2020, 2, 12)
NEXT = NOON + timedelta(days=1)


def test_a_person_with_authority_issues_it_and_nothing_of_it_changes(dongshan):
    alice, chen = dongshan.actor("alice", NEXT), dongshan.actor("chen", NEXT)
    place = dongshan.places["420106"]
    row = draft_bulletin(disease=DISEASE, place=place, on=ON, by=alice, at=NEXT)
    again = draft_bulletin(disease=DISEASE, place=place, on=ON, by=alice, at=NEXT)
    assert again.pk == row.pk, "a draft is drawn up anew"
    with pytest.raises(NotPermitted):
        issue(row, by=alice)
    with pytest.raises(NotIssued):
        draft_correction(bulletin=row, remark="wrong", by=alice, at=NEXT)
    issued = issue(row, by=chen)
    assert (issued.issued_by, issued.version, issued.holds) == (dongshan.users["chen"], 1, True)
    assert Event.objects.filter(tag="bulletins.issued", after__digest=issued.digest).exists()
    for act in (issue, lambda row: draft_bulletin(disease=DISEASE, place=place, on=ON, by=alice, at=NEXT)):
        with pytest.raises(AlreadyIssued):
            act(issued)
    with pytest.raises(NothingKnown):
        draft_bulletin(disease=DISEASE, place=place, on=ON + timedelta(days=9), by=alice, at=NEXT)


def test_a_correction_stands_beside_what_it_corrects(dongshan):
    place = dongshan.places["420106"]
    first = issue(draft_bulletin(disease=DISEASE, place=place, on=ON, by=SYSTEM, at=NEXT))
    figures = dict(first.figures)
    later = NEXT + timedelta(days=1)
    cases.rule_on_case(
        case=Case.objects.get(),
        classification="excluded",
        reason="negative",
        by=dongshan.actor("alice", later),
        at=later,
    )
    compute(DISEASE, at=later)
    # That it is none came to be known later; its day of diagnosis is gone with it, so that the case moves to another.
    assert "total" not in proof_of(first).differs
    with pytest.raises(RemarkNeeded):
        draft_correction(bulletin=first, remark=" ", by=SYSTEM, at=later)
    draft = draft_correction(bulletin=first, remark="a case was none", by=SYSTEM, at=later)
    assert (draft.version, draft.corrects, draft.figures["own"]["total"]) == (2, first, 0)
    second = issue(draft, at=later)
    first.refresh_from_db()
    assert (first.holds, first.figures, second.holds) == (False, figures, True)
    with pytest.raises(NotIssued):
        draft_correction(bulletin=first, remark="again", by=SYSTEM, at=later)
    assert "a case was none" in str(document_of(second, language="zh", address=no_address))


def test_a_bulletin_that_was_altered_does_not_fit_its_digest(dongshan):
    row = issue(draft_bulletin(disease=DISEASE, place=dongshan.places["420106"], on=ON, by=SYSTEM, at=NEXT))
    row.figures["own"]["total"] += 1
    Bulletin.objects.filter(pk=row.pk).update(figures=row.figures)
    row.refresh_from_db()
    assert not proof_of(row).is_whole


def test_small_counts_of_a_township_are_told_nowhere(dongshan, client):
    """The case stands in the county; nobody knows how many live in its townships, and in the county live few."""
    place = dongshan.places["420106"]
    assert draft_bulletin(disease=DISEASE, place=place, on=ON, by=SYSTEM, at=NEXT).figures["rows"] == {}
    Place.objects.filter(code="420106").update(population=30_000)
    row = issue(draft_bulletin(disease=DISEASE, place=place, on=ON, by=SYSTEM, at=NEXT))
    told = as_told(row)
    assert [one["en"] for one in told["counted"]] == ["Dongshan", "Xihe"]
    assert told["own"]["total"] == 1
    client.force_login(dongshan.users["chen"])
    page = client.get(reverse("web:bulletin", kwargs={"pk": row.pk}), headers={"accept-language": "en"})
    assert page.status_code == 200
    assert "told only as those of Dongshan, Xihe together" in page.content.decode()
    client.force_login(dongshan.users["stranger"])
    assert client.get(reverse("web:bulletin", kwargs={"pk": row.pk})).status_code == 404


def test_where_one_is_issued_the_next_is_drawn_up_each_night(dongshan):
    place = dongshan.places["420106"]
    issue(draft_bulletin(disease=DISEASE, place=place, on=ON, by=SYSTEM, at=NEXT))
    sweep(at=NEXT)
    assert Bulletin.objects.count() == 1
    later = NEXT + timedelta(days=1)
    compute(DISEASE, at=later)
    sweep(at=later)
    draft = Bulletin.objects.drafts().get()
    assert (draft.on, draft.place) == (ON + timedelta(days=1), place)
    sweep(at=later)
    assert Bulletin.objects.count() == 2
    # Of a nation that has few residents by a new count nothing is told, and the others get their drafts all the same.
    Place.objects.filter(pk=dongshan.places["CN"].pk).update(population=100)
    latest = later + timedelta(days=1)
    compute(DISEASE, at=latest)
    assert NextBulletins().derive([place.pk], latest) == 0
    with pytest.raises(TooFewLive):
        draft_bulletin(disease=DISEASE, place=place, on=ON + timedelta(days=2), by=SYSTEM, at=latest)
    Place.objects.filter(pk=dongshan.places["CN"].pk).update(population=None)
    # A draft of the earlier form is drawn up anew before it is issued.
    del draft.figures["counted"]
    draft.save(update_fields=["figures"])
    with pytest.raises(OldDraft):
        issue(draft, at=later)
