"""Golden samples over HTTP."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from builders import SKU, a_golden, a_golden_photo
from services import a_service, photos
from visiqc.domain.access import Role
from visiqc.domain.golden import ScoringPolicy
from visiqc.inspection.enrol import Progress
from visiqc.inspection.parts import Parts, SentPhoto


@pytest.fixture
def unjudged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enrolment without its gate and features, which are not the service's business."""

    def enrol(
        sku: str, sent: Sequence[SentPhoto], parts: Parts, *, policy: ScoringPolicy, progress: Progress
    ) -> object:
        progress("reading photos", 0, len(sent))
        kept = tuple(a_golden_photo(name=photo.name, view=photo.view or "view-1") for photo in sent)
        return parts.records.add_golden(a_golden(sku=sku, photos=kept, policy=policy))

    monkeypatch.setattr("visiqc.service.routes.goldens.enrol_golden", enrol)


@pytest.mark.usefixtures("unjudged")
def test_a_proposal_is_enrolled_approved_and_current() -> None:
    with a_service().client() as client:
        enrolled = client.post("/v1/goldens", data={"sku": "ring-9"}, files=photos("front.jpg", "side.jpg"))
        assert (enrolled.status_code, enrolled.json()["approved"]) == (201, False)
        assert client.get(enrolled.headers["Location"]).json()["current"] is None
        assert client.post("/v1/goldens/ring-9/versions/1/approve").json()["approved"] is True
        assert client.get("/v1/goldens/ring-9").json()["current"] == 1


@pytest.mark.usefixtures("unjudged")
def test_views_and_policy_are_kept() -> None:
    data = {"sku": "ring-9", "views": ["front", "side"], "alpha_review": "0.1", "long_side": "512"}
    with a_service().client() as client:
        golden = client.post("/v1/goldens", data=data, files=photos("a.jpg", "b.jpg")).json()
    assert golden["views"] == ["front", "side"]
    assert (golden["policy"]["alpha_review"], golden["policy"]["long_side"]) == (0.1, 512)


def test_photos_the_gate_refuses_are_named_with_advice() -> None:
    with a_service().client() as client:
        answer = client.post("/v1/goldens", data={"sku": "r"}, files=photos("front.jpg"))
    assert answer.status_code == 422
    assert "front.jpg: the photo is only 64 pixels long" in answer.json()["detail"]


def test_a_policy_out_of_range_is_refused() -> None:
    with a_service().client() as client:
        answer = client.post("/v1/goldens", data={"sku": "r", "long_side": "9"}, files=photos("a.jpg"))
    assert (answer.status_code, answer.json()["code"]) == (422, "BadRecipe")


def test_views_must_be_as_many_as_photos() -> None:
    with a_service().client() as client:
        answer = client.post("/v1/goldens", data={"sku": "r", "views": ["front"]}, files=photos("a.jpg", "b.jpg"))
    assert answer.status_code == 422
    assert "2 photos, 1 views" in answer.json()["detail"]


def test_twenty_photos_are_the_most() -> None:
    with a_service(max_photos=30).client() as client:
        answer = client.post("/v1/goldens", data={"sku": "r"}, files=photos(*(f"{n}.jpg" for n in range(21))))
    assert (answer.status_code, answer.json()["code"]) == (413, "TooLarge")


def test_a_factory_cannot_enrol() -> None:
    service = a_service()
    with service.client(**service.key(Role.FACTORY)) as client:
        assert client.post("/v1/goldens", data={"sku": "r"}, files=photos("a.jpg")).status_code == 403


def test_products_are_listed_with_their_versions() -> None:
    service = a_service()
    service.parts.records.add_golden(a_golden())
    service.parts.records.add_golden(a_golden(sku="戒指"))
    with service.client() as client:
        products = client.get("/v1/goldens").json()["products"]
        assert client.get("/v1/goldens/戒指").json()["current"] is None
    assert {(p["sku"], p["current"], len(p["versions"])) for p in products} == {(SKU, 1, 2), ("戒指", None, 1)}


def test_an_unknown_product_or_version_is_404() -> None:
    with a_service().client() as client:
        assert client.get("/v1/goldens/none").status_code == 404
        assert client.post(f"/v1/goldens/{SKU}/versions/9/approve").status_code == 404
        assert client.post(f"/v1/goldens/{SKU}/versions/0/approve").status_code == 422


@pytest.mark.usefixtures("unjudged")
def test_enrolling_gives_up_when_the_grace_of_a_stop_is_over() -> None:
    service = a_service()
    with service.client() as client:
        service.shop.queue.abandon()
        answer = client.post("/v1/goldens", data={"sku": "ring-9"}, files=photos("a.jpg"))
    assert (answer.status_code, answer.json()["code"]) == (503, "Unavailable")


def test_more_enrolments_than_may_wait_are_asked_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("visiqc.service.routes.goldens.ENROLMENTS_WAITING", 0)
    with a_service().client() as client:
        answer = client.post("/v1/goldens", data={"sku": "ring-9"}, files=photos("a.jpg"))
    assert (answer.status_code, answer.json()["code"]) == (429, "Busy")
