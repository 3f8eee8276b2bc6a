"""Photos and heatmaps over HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from builders import SKU
from services import Service, a_service, jpeg, photos


@pytest.fixture
def service() -> Service:
    return a_service()


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    with service.client() as client:
        yield client


def links(client: TestClient, name: str = "戒指7.jpg") -> dict[str, str]:
    answer = client.post("/v1/score", data={"sku": SKU}, files=photos(name))
    return dict(answer.json()["scores"][0]["links"])


def test_the_photo_comes_back_as_it_was_sent(client: TestClient) -> None:
    answer = client.get(links(client)["photo"])
    assert answer.content == jpeg(0)
    assert answer.headers["Content-Type"] == "image/jpeg"


def test_an_image_cannot_be_mistaken_for_anything_else(client: TestClient) -> None:
    headers = client.get(links(client)["photo"]).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_a_name_of_any_script_survives_in_the_header(client: TestClient) -> None:
    disposition = client.get(links(client)["photo"]).headers["Content-Disposition"]
    assert disposition == "inline; filename=\"__7.jpg\"; filename*=UTF-8''%E6%88%92%E6%8C%877.jpg"


@pytest.mark.parametrize("sent", ['"{}"', 'W/"{}"', '"other", "{}"', "*"])
def test_who_has_the_image_already_gets_304(client: TestClient, sent: str) -> None:
    where = links(client)["photo"]
    first = client.get(where)
    again = client.get(where, headers={"If-None-Match": sent.format(first.headers["ETag"].strip('"'))})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]


def test_images_may_be_kept_but_not_shown_without_asking_and_verdicts_may_not_be_kept(client: TestClient) -> None:
    where = links(client)
    assert client.get(where["photo"]).headers["Cache-Control"] == "private, no-cache"
    assert client.get(where["self"]).headers["Cache-Control"] == "no-store"


def test_who_has_the_image_and_has_logged_out_does_not_get_to_see_it_again() -> None:
    service = a_service(open_access=False)
    with service.client() as client:
        ana = service.session()
        where = client.post("/v1/score", data={"sku": SKU}, files=photos("a.jpg"), headers=ana)
        photo = where.json()["scores"][0]["links"]["photo"]
        kept = client.get(photo, headers=ana).headers["ETag"]
        left = client.post("/logout", headers=ana, follow_redirects=False)
        assert left.headers["Clear-Site-Data"] == '"cache"'
        answer = client.get(photo, headers=ana | {"If-None-Match": kept})
    assert (answer.status_code, "no-store" in answer.headers["Cache-Control"]) == (401, True)


def test_another_etag_gets_the_image(client: TestClient) -> None:
    assert client.get(links(client)["photo"], headers={"If-None-Match": '"old"'}).status_code == 200


def test_a_score_without_a_comparison_has_no_heatmap(client: TestClient, service: Service) -> None:
    service.scoring.hold()
    answer = client.post("/v1/score?wait=false", data={"sku": SKU}, files=photos("a.jpg")).json()["scores"][0]
    assert answer["links"]["heatmap"] is None
    missing = client.get(f"/v1/scores/{answer['id']}/heatmap")
    assert (missing.status_code, missing.json()["code"]) == (404, "NotFound")


def test_an_unknown_layer_is_refused(client: TestClient) -> None:
    answer = client.get(links(client)["heatmap"] + "?layer=secret")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "layer"


@pytest.mark.parametrize("path", ["/v1/scores/none", "/v1/scores/none/photo", "/v1/scores/none/heatmap"])
def test_an_unknown_score_is_404(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404
