"""How the duties of visits come to be owed: a day and a search whose time is over."""

from typing import Any

from tests.conformance.histories.stage import HOUR, Stage, Story, confirmed

from lianfang.discovery.models import Search, VisitDay


def _old_day(stage: Stage) -> int:
    place = stage.world.places["420106"]
    row = VisitDay.objects.create(
        on=(stage.at - (40 + VisitDay.objects.count()) * 24 * HOUR).date(),
        place=place,
        path=place.path,
        received_at=stage.at - 900 * HOUR,
        drop_at=stage.at - HOUR,
    )
    return stage.noted(VisitDay, row.pk)


def _old_search(stage: Stage) -> int:
    case = confirmed(stage)
    row = Search.objects.create(
        case=case,
        place=case.place,
        path=case.path,
        purpose="who sat at the table",
        asked_by=stage.world.users["alice"],
        searched_at=stage.at - 400 * HOUR,
        opens_at=stage.at - 600 * HOUR,
        closes_at=stage.at - 500 * HOUR,
        anchor_on=(stage.at - 600 * HOUR).date(),
        rule_edition="visit_discovery@default",
        drop_at=stage.at - HOUR,
    )
    return stage.noted(Search, row.pk)


def _dropped(model: Any, *, is_it: bool) -> Any:
    def write(stage: Stage, pk: int) -> None:
        model.objects.filter(pk=pk).update(dropped_at=stage.at if is_it else None)
        stage.noted(model, pk)

    return write


STORIES: dict[str, Story] = {
    "discovery.drop_day": Story(
        _old_day, _dropped(VisitDay, is_it=True), _dropped(VisitDay, is_it=False), kind=""
    ),
    "discovery.drop_results": Story(
        _old_search, _dropped(Search, is_it=True), _dropped(Search, is_it=False), kind=""
    ),
}
