"""What is told when an address is wrong, a form is old, or the software fails: in words, with a mark, and logged."""

import logging
import re

import pytest
from django.db import IntegrityError, OperationalError
from django.test import Client
from tests.world import World, build_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return build_world()


@pytest.fixture
def visitor(world: World) -> Client:
    client = Client(raise_request_exception=False, headers={"accept-language": "en"})
    client.force_login(world.users["alice"])
    return client


def breaking(monkeypatch: pytest.MonkeyPatch, fault: Exception) -> None:
    def break_down(*_: object, **__: object) -> None:
        raise fault

    monkeypatch.setattr("lianfang.web.cases.list_cases", break_down)
    monkeypatch.setattr("lianfang.api.cases.list_cases", break_down)


def test_an_address_that_no_page_has(visitor: Client) -> None:
    page = visitor.get("/nowhere")
    assert page.status_code == 404
    assert "To the start page" in page.content.decode()
    answer = visitor.get("/api/nowhere")
    assert (answer.status_code, answer.json()["code"]) == (404, "common.not_visible")
    assert answer["Content-Type"] == "application/problem+json"


def test_a_form_whose_token_does_not_fit(world: World) -> None:
    client = Client(enforce_csrf_checks=True, headers={"accept-language": "en"})
    client.force_login(world.users["alice"])
    page = client.post("/language", {"language": "en", "next": "/"})
    assert page.status_code == 403
    assert "reload the page and send it again" in page.content.decode()


def test_what_a_rule_of_the_tables_forbids_is_refused_by_the_name_of_the_rule(
    visitor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for text in (
        "CHECK constraint failed: temperature_possible",
        'new row for relation "care_round" violates check constraint "temperature_possible"',
    ):
        breaking(monkeypatch, IntegrityError(text))
        page = visitor.get("/cases")
        assert page.status_code == 422
        assert "temperature possible" in page.content.decode()
        answer = visitor.get("/api/cases")
        assert (answer.status_code, answer.json()["code"]) == (422, "common.impossible")


def test_a_key_that_should_not_exist_is_a_fault_of_ours(
    visitor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaking(monkeypatch, IntegrityError("UNIQUE constraint failed: cases_case.number"))
    assert visitor.get("/cases").status_code == 500
    assert visitor.get("/api/cases").status_code == 500


@pytest.mark.parametrize(
    "address",
    ["/cases?confirmed_before=0001-01-01", "/figures?since=0001-01-01", "/api/contacts/99999999999999999999"],
)
def test_what_no_column_can_hold_is_refused(visitor: Client, address: str) -> None:
    assert visitor.get(address).status_code in {404, 422}


def test_a_number_that_no_column_can_hold_is_refused(visitor: Client) -> None:
    form = {"verification": "9" * 20, "accepted": "1", "reason": "x"}
    assert visitor.post("/verifications", form).status_code == 422


def test_a_failure_has_a_mark_that_the_log_has_too(
    visitor: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    breaking(monkeypatch, ZeroDivisionError("a fault"))
    with caplog.at_level(logging.ERROR):
        page = visitor.get("/cases").content.decode()
        answer = visitor.get("/api/cases")
    assert "nothing of what you sent was kept" in page
    assert (answer.status_code, answer.json()["code"]) == (500, "project.failed")
    marks = [re.search(r"Mark: (\w{8})", text) for text in (page, answer.json()["title"])]
    told = [record for record in caplog.records if record.name == "lianfang.project.broken"]
    assert [record.getMessage().split(":")[0] for record in told] == [mark and mark[1] for mark in marks]
    assert all(record.exc_info and "a fault" in str(record.exc_info[1]) for record in told)
    assert not [record for record in caplog.records if record.name == "django.request"], "told once"


def test_a_database_that_does_not_answer_is_no_fault_of_the_sender(
    visitor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaking(monkeypatch, OperationalError("database is locked"))
    for address in ("/cases", "/api/cases"):
        answer = visitor.get(address)
        assert (answer.status_code, answer["Retry-After"]) == (503, "60")
