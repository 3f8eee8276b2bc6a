"""POST /v1/score, and what is read afterwards."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi.testclient import TestClient

from builders import SKU, a_golden
from services import a_service, jpeg, photos, wait_until
from visiqc.errors import IntegrityError, Unavailable, UnreadablePhoto


def score(client: TestClient, *names: str, **more: str):  # type: ignore[no-untyped-def]
    headers = {name.replace("_", "-"): value for name, value in more.items() if name != "query"}
    return client.post("/v1/score" + more.get("query", ""), data={"sku": SKU}, files=photos(*names), headers=headers)


def test_the_answer_is_the_worst_of_the_photos_in_the_order_sent() -> None:
    with a_service().client() as client:
        answer = score(client, "PASS.jpg", "REJECT.jpg", "REVIEW.jpg")
    assert answer.status_code == 200
    assert answer.json()["outcome"] == "REJECT"
    assert [each["verdict"]["outcome"] for each in answer.json()["scores"]] == ["PASS", "REJECT", "REVIEW"]


def test_a_score_can_be_read_again() -> None:
    with a_service().client() as client:
        first = score(client, "REVIEW.jpg").json()["scores"][0]
        assert client.get(first["links"]["self"]).json() == first


@pytest.mark.parametrize("way", [{"query": "?wait=false"}, {"prefer": "respond-async"}])
def test_who_does_not_wait_gets_202_and_a_place_to_ask(way: dict[str, str]) -> None:
    service = a_service()
    service.scoring.hold()
    with service.client() as client:
        answer = score(client, "a.jpg", **way)
        assert (answer.status_code, answer.json()["outcome"]) == (202, None)
        pending = client.get(answer.headers["Location"])
        assert (pending.json()["status"], pending.headers["Retry-After"]) == ("pending", "1")
        service.scoring.release()
        wait_until(lambda: client.get(answer.headers["Location"]).json()["status"] == "done")


def test_patience_is_the_clients_choice() -> None:
    service = a_service()
    service.scoring.hold()
    with service.client() as client:
        assert score(client, "a.jpg", prefer="wait=0").status_code == 202


def test_a_photo_that_cannot_be_scored_is_told_and_the_next_is_scored() -> None:
    service = a_service()
    service.scoring.errors["bad.jpg"] = [UnreadablePhoto("the photo is damaged; send it again")]
    with service.client() as client:
        answer = score(client, "bad.jpg", "PASS.jpg").json()
    assert [each["status"] for each in answer["scores"]] == ["failed", "done"]
    assert answer["outcome"] is None, "a request with a failed photo has no outcome to rely on"
    assert "damaged" in answer["scores"][0]["failure"]


@pytest.mark.parametrize("error", [RuntimeError("secret at /home/anna"), IntegrityError("no such golden features")])
def test_a_failure_of_ours_is_not_the_photos_it_stays_accepted_and_tells_no_internals(error: Exception) -> None:
    service = a_service()
    service.scoring.errors["bad.jpg"] = [error]
    with service.client() as client:
        answer = score(client, "bad.jpg", "PASS.jpg")
    assert answer.status_code == 202
    assert [each["status"] for each in answer.json()["scores"]] == ["pending", "done"]
    assert "secret" not in answer.text


def test_when_the_database_is_away_the_photo_stays_accepted_and_is_scored_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("visiqc.batch.queue.RETRY_PAUSE_S", 0.01)
    service = a_service()
    service.scoring.errors["a.jpg"] = [Unavailable("no database"), Unavailable("no database")]
    with service.client() as client:
        answer = score(client, "a.jpg")
        assert answer.status_code == 202

        def done() -> bool:
            service.parts.clock.pass_(60)  # type: ignore[attr-defined]
            return bool(client.get(answer.headers["Location"]).json()["status"] == "done")

        wait_until(done)


def test_the_same_key_gives_the_same_scores_and_says_so() -> None:
    with a_service().client() as client:
        first, second = (score(client, "a.jpg", "b.jpg", idempotency_key="lot-7") for _ in range(2))
    assert first.json() == second.json()
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"


def test_the_same_key_for_other_photos_is_a_conflict() -> None:
    with a_service().client() as client:
        score(client, "a.jpg", idempotency_key="lot-7")
        answer = score(client, "a.jpg", "b.jpg", idempotency_key="lot-7")
    assert (answer.status_code, answer.json()["code"]) == (409, "Conflict")
    assert "'lot-7'" in answer.json()["detail"]


def test_a_replay_needs_no_room_in_the_queue() -> None:
    service = a_service(queue_size=1)
    service.scoring.hold()
    with service.client() as client:
        first = score(client, "a.jpg", idempotency_key="lot-7", query="?wait=false")
        wait_until(lambda: not service.shop.queue._waiting)
        score(client, "b.jpg", query="?wait=false")
        assert score(client, "c.jpg").status_code == 429
        again = score(client, "a.jpg", idempotency_key="lot-7", query="?wait=false")
    assert again.json() == first.json()


def test_two_clients_may_use_the_same_idempotency_key() -> None:
    service = a_service()
    one, other = service.key(), service.key()
    with service.client() as client:
        first = score(client, "a.jpg", idempotency_key="1", authorization=one["Authorization"])
        second = score(client, "b.jpg", idempotency_key="1", authorization=other["Authorization"])
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json()["scores"][0]["id"] != second.json()["scores"][0]["id"]


def test_twins_sent_at_the_same_moment_are_accepted_once() -> None:
    service = a_service()
    with service.client() as client, ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: score(client, "a.jpg", "b.jpg", idempotency_key="lot-7"), range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert len(service.scoring.scored) == 2


@pytest.mark.parametrize("key", ["", "with space", "x" * 201, "naïve"])
def test_an_unusable_idempotency_key_is_refused(key: str) -> None:
    with a_service().client() as client:
        headers = {"Idempotency-Key": key.encode()}
        answer = client.post("/v1/score", data={"sku": SKU}, files=photos("a.jpg"), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "InputError")


def test_without_room_nothing_is_stored_and_the_client_hears_when_to_come_back() -> None:
    service = a_service(queue_size=2)
    service.scoring.hold()
    with service.client() as client:
        score(client, "a.jpg", query="?wait=false")
        wait_until(lambda: not service.shop.queue._waiting)
        answer = score(client, "b.jpg", "c.jpg", "d.jpg")
        assert (answer.status_code, answer.json()["code"]) == (429, "Busy")
        assert int(answer.headers["Retry-After"]) >= 1
        assert len(service.parts.records.pending()) == 1


def test_one_unreadable_photo_refuses_the_request_by_name_and_gives_the_room_back() -> None:
    service = a_service(queue_size=2)
    with service.client() as client:
        files = [*photos("a.jpg"), ("photos", ("notes.jpg", b"just text", "image/jpeg"))]
        answer = client.post("/v1/score", data={"sku": SKU}, files=files)
        assert (answer.status_code, answer.json()["code"]) == (422, "UnreadablePhoto")
        assert "notes.jpg" in answer.json()["detail"]
        assert service.parts.records.pending() == ()
        assert score(client, "a.jpg", "b.jpg").status_code == 200


def test_the_content_decides_not_the_declared_type() -> None:
    with a_service().client() as client:
        files = [("photos", ("ring.txt", jpeg(), "text/plain"))]
        assert client.post("/v1/score", data={"sku": SKU}, files=files).status_code == 200


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("戒指 7.jpg", "戒指 7.jpg"),
        ("../../etc/passwd.jpg", "passwd.jpg"),
        ("C:\\fotos\\r.jpg", "r.jpg"),
        ("..", "photo-1"),
    ],
)
def test_names_are_for_reading_and_never_paths(sent: str, kept: str) -> None:
    with a_service().client() as client:
        assert score(client, sent).json()["scores"][0]["photo_name"] == kept


def test_an_unknown_product_and_an_unapproved_version_are_told_apart() -> None:
    service = a_service()
    service.parts.records.add_golden(a_golden())
    with service.client() as client:
        unknown = client.post("/v1/score", data={"sku": "nothing"}, files=photos("a.jpg"))
        proposal = client.post("/v1/score", data={"sku": SKU, "golden_version": 2}, files=photos("a.jpg"))
    assert (unknown.status_code, proposal.status_code) == (404, 409)
    assert proposal.json()["code"] == "NotApproved"


@pytest.mark.parametrize(
    ("data", "files", "says"),
    [
        ({}, photos("a.jpg"), "'sku' is missing"),
        ({"sku": "a b"}, photos("a.jpg"), "not a usable SKU"),
        ({"sku": SKU}, [("photo", ("a.jpg", jpeg(), "image/jpeg"))], "unknown form field 'photo'"),
        ({"sku": SKU, "golden-version": "2"}, photos("a.jpg"), "unknown form field 'golden-version'"),
        ({"sku": SKU, "golden_version": "two"}, photos("a.jpg"), "must be a number"),
        ({"sku": SKU, "golden_version": "0"}, photos("a.jpg"), "must be a number"),
        ({"sku": SKU, "photos": "text"}, photos("a.jpg"), "each with a file name"),
        ({}, [("sku", ("x", b"y")), *photos("a.jpg")], "must be text"),
        ({"sku": [SKU, SKU]}, photos("a.jpg"), "2 times"),
    ],
)
def test_a_form_that_does_not_fit_is_refused_by_field(data: dict[str, str], files: list[object], says: str) -> None:
    with a_service().client() as client:
        answer = client.post("/v1/score", data=data, files=files)  # type: ignore[arg-type]
    assert answer.status_code == 422
    assert says in answer.json()["detail"]
