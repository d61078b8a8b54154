"""Outlines of areas: any GeoJSON by page and command, what is wrong with a file, and a map of what lies below."""

import json
from datetime import timedelta
from io import BytesIO

import numpy as np
import pytest
from django.urls import reverse
from tests.world import NOON
from typer.testing import CliRunner

from lianfang.cli import main
from lianfang.core.access.actor import Actor
from lianfang.core.access.models import Grant, User
from lianfang.core.access.selectors import actor_for
from lianfang.core.registry.models import Place
from lianfang.regions.errors import BadBoundaries
from lianfang.regions.models import Boundary
from lianfang.regions.outlines import load_geojson, outlines_below, read_features
from lianfang.regions.services import take_boundaries

pytestmark = pytest.mark.django_db
BY = Actor.system("test")
SQUARE = [[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]


def feature(geometry=None, **properties):
    return {
        "type": "Feature",
        "properties": properties,
        "geometry": geometry or {"type": "Polygon", "coordinates": [SQUARE]},
    }


def collection(*features):
    return {"type": "FeatureCollection", "features": list(features)}


def test_the_property_with_the_codes_is_found_out_and_parts_of_one_place_are_one_outline(world):
    shifted = [[x + 3, y] for x, y in SQUARE]
    done = take_boundaries(
        collection=collection(
            feature(OBJECTID=1, adcode=420106, name="东山县"),
            feature(
                {"type": "Polygon", "coordinates": [shifted]}, OBJECTID=2, adcode=420106, name="东山县"
            ),
            feature(OBJECTID=3, adcode=420100, name="云州市"),
            feature(OBJECTID=4, adcode=999999, name="elsewhere"),
        ),
        source="a survey", by=BY, at=NOON,
    )  # fmt: skip
    assert (done.taken, done.unknown) == (2, ("999999",))
    held = Boundary.objects.get(place__code="420106")
    assert held.geometry["type"] == "MultiPolygon"
    assert len(held.geometry["coordinates"]) == 2
    assert Boundary.objects.get(place__code="4201").geometry["type"] == "Polygon"
    again = take_boundaries(
        collection=feature(adcode="420106"), source="a better survey", by=BY, at=NOON
    )  # a single feature will do, and replaces
    assert again.taken == 1
    held.refresh_from_db()
    assert (held.geometry["type"], held.source) == ("Polygon", "a better survey")
    assert Boundary.objects.count() == 2


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"\xff\xfe", "no JSON"),
        (b"[1, 2", "no JSON"),
        (b"[]", "no feature is a polygon"),
        (b"null", "no feature is a polygon"),
        (b'{"type": "FeatureCollection", "features": 7}', "no feature is a polygon"),
        (collection(feature({"type": "Point", "coordinates": [0, 0]}, code="420106")), "no feature is a polygon"),
        (collection(feature(name="nobody")), "no property of its features holds codes"),
        (collection(feature({"type": "Polygon", "coordinates": [SQUARE[:3]]}, code="420106")), "not closed"),
        (collection(feature({"type": "Polygon", "coordinates": []}, code="420106")), "empty"),
        (collection(feature({"type": "Polygon", "coordinates": [["x"]]}, code="420106")), "no list of points"),
        (collection(feature({"type": "Polygon", "coordinates": [[[1e6, 4e6], [2e6, 4e6], [2e6, 5e6], [1e6, 4e6]]]}, code="420106")), "degrees"),
        (collection(feature({"type": "Polygon", "coordinates": [[[0, 0], [float("nan"), 0], [1, 1], [0, 0]]]}, code="420106")), "degrees"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_said_and_nothing_is_taken(world, content, why):
    with pytest.raises(BadBoundaries, match=why):
        take_boundaries(
            collection=load_geojson(content) if isinstance(content, bytes) else content,
            source="?", by=BY, at=NOON,
        )  # fmt: skip
    assert not Boundary.objects.exists()


def test_a_place_without_an_outline_is_drawn_by_those_below_it_and_a_map_is_thinned(world):
    angles = np.linspace(0, 2 * np.pi, 40_001)
    ring = np.column_stack([110 + np.cos(angles), 30 + np.sin(angles)])
    ring[-1] = ring[0]
    fine = {"type": "Polygon", "coordinates": [ring.tolist()]}
    take_boundaries(collection=feature(fine, code="420106"), source="s", by=BY, at=NOON)
    drawn = outlines_below(list(Place.objects.filter(code__in=("42", "4202"))))
    assert set(drawn) == {Place.objects.get(code="42").pk}
    thin = drawn[Place.objects.get(code="42").pk]["coordinates"][0]
    assert len(thin) < 6000
    assert thin[0] == thin[-1]
    off = np.abs(np.hypot(*(np.asarray(thin) - (110, 30)).T) - 1)
    assert off.max() < 2 / 1000


def test_the_prefectures_of_china_by_page_and_by_command(shared_data, world, client, tmp_path):
    """Codes of the file have six digits, those of the register four; who answers for one province takes no other."""
    folder = shared_data / "china_admin"
    file = folder / "prefectures.geojson"
    user = User(login="sun", name="Sun")
    user.set_unusable_password()
    user.save()
    place = world.places["42"]
    Grant.objects.create(
        user=user, role="supervisor", place=place, path=place.path, from_at=NOON - timedelta(days=9)
    )
    client.force_login(user)
    assert (
        "Places on file"
        in client.get(reverse("web:area_outlines"), headers={"accept-language": "en"}).content.decode()
    )
    answer = client.post(
        reverse("web:area_outlines"), {"file": BytesIO(file.read_bytes()), "source": "cn-atlas"}, follow=True,
        headers={"accept-language": "en"},
    )  # fmt: skip
    said = answer.content.decode()
    assert "2 outlines taken." in said
    assert "370 outlines fit no place" in said
    assert set(Boundary.objects.values_list("place__code", flat=True)) == {"4201", "4202"}
    main.assemble()
    Boundary.objects.all().delete()
    done = CliRunner().invoke(main.app, ["regions", "outlines", str(file), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout.splitlines()[0])["taken"] == 2
    Place.objects.create(code="31", name="上海市", level=1, parent=world.places["CN"], path="CN.31.")
    refused = client.post(
        reverse("web:area_outlines"),
        {"file": BytesIO(json.dumps(feature(code="31")).encode()), "source": "?"},
    )
    assert refused.status_code == 422
    both = collection(feature(code="31"), feature(code="42"))
    by = actor_for(user, NOON)
    assert take_boundaries(collection=both, source="s", by=by, at=NOON).outside == 1
    assert not Boundary.objects.filter(place__code="31").exists()


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (collection(feature({"type": "Polygon", "coordinates": [SQUARE[:3]]}, code="420106")), "420106: a ring is not closed"),
        (collection(feature({"type": "Polygon", "coordinates": [[[1e6, 4e6], [2e6, 4e6], [2e6, 5e6], [1e6, 4e6]]]}, code="420106")), "420106: [1000000.0, 4000000.0] is no longitude"),
        (collection(feature(name="nobody")), "no property of its features holds codes"),
        ({"type": "Topology"}, "no feature is a polygon"),
    ],
)  # fmt: skip
def test_over_rest_outlines_are_taken_or_refused_with_where(world, client, body, where):
    """A supervisor of the prefecture: good GeoJSON is taken, drawn again by GET, and what is wrong names the place."""
    client.force_login(world.users["chen"])
    good = collection(feature(code="420106"), feature(code="420107"), feature(code="999999"))
    answer = client.post(
        "/api/outlines", {"collection": good, "source": "a survey"}, content_type="application/json"
    )
    assert answer.status_code == 200, answer.content
    assert answer.json() == {"taken": 2, "outside": 0, "unknown": ["999999"]}
    drawn = client.get("/api/areas/4201/outlines").json()
    assert {one["properties"]["code"] for one in drawn["features"]} == {"420106", "420107"}
    refused = client.post(
        "/api/outlines", {"collection": body, "source": "?"}, content_type="application/json"
    )
    assert (refused.status_code, where in refused.json()["title"]) == (422, True), refused.content
    assert set(Boundary.objects.values_list("source", flat=True)) == {"a survey"}


def test_only_a_named_property_is_read_where_one_is_named(world):
    found = read_features(collection(feature(a="420106", b="420107")), "b")
    assert set(found) == {"420107"}
    with pytest.raises(BadBoundaries, match="no feature has a property c"):
        read_features(collection(feature(a="420106")), "c")
