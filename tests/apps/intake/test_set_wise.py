"""Bar 3: what is done to many rows takes as many statements as what is done to a few, not more for each row."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.apps.intake.importing import Desk
from tests.world import NOON

from lianfang.cases.models import Case
from lianfang.intake.services import export_csv

pytestmark = pytest.mark.django_db

# Bulk inserts and look-ups by key are cut into batches of a few hundred: at most one statement more for five rows.
FEW, MANY = 30, 180
SLACK = (MANY - FEW) / 5


def line_list(first: int, n: int) -> bytes:
    rows = [
        f"{chr(0x4E00 + k * 37 % 5000)}{chr(0x5000 + k * 101 % 6000)},B-{k},{'FM'[k % 2]},{20 + k % 60},13{k * 7919 % 10**9:09d},"
        "2020-02-01,2020-02-05,suspected,yes,covid_19"
        for k in range(first, first + n)
    ]
    return "\n".join(
        ["name,case_id,sex,age,phone,date_onset,date_report,classification,fever,disease", *rows]
    ).encode()


def test_bar_3_export_and_bulk_edit_take_no_more_statements_for_more_rows(desk: Desk) -> None:
    counts: dict[str, list[int]] = {"import": [], "export": [], "edit": []}
    for first, n in ((0, FEW), (1000, MANY)):
        with CaptureQueriesContext(connection) as seen:
            _, report = desk.take(line_list(first, n))
        assert report.created == n, report.problems[:3]
        counts["import"].append(len(seen))
        with CaptureQueriesContext(connection) as seen:
            parts = export_csv(target="case", by=desk.actor, at=NOON, purpose="an edit")
            content = b"".join(parts).decode("utf-8-sig")
        counts["export"].append(len(seen))
        edited = content.replace("2020-02-01", "2020-01-31") if first == 0 else content
        if first:
            lines = content.splitlines()
            edited = "\n".join(
                [lines[0], *(one.replace("2020-02-01", "2020-01-31") for one in lines[1 + FEW :])]
            )
        with CaptureQueriesContext(connection) as seen:
            _, report = desk.take(edited.encode())
        assert (report.created, report.changed, report.parked) == (0, n, 0), (
            report.words,
            report.problems[:3],
        )
        counts["edit"].append(len(seen))
    print(counts)
    assert Case.objects.filter(onset_on="2020-01-31").count() == FEW + MANY
    for what, (few, many) in counts.items():
        assert many - few <= SLACK, (what, counts)
