"""What monitoring sees, and the shape of every refusal."""

from __future__ import annotations

import json
import threading

import pytest
import structlog
from fastapi.testclient import TestClient

from builders import SKU
from memory import MemoryRecords
from services import a_service, memory_parts, photos
from visiqc import errors
from visiqc.domain.access import Role
from visiqc.errors import Unavailable
from visiqc.service.errors import status_of


def test_alive_and_ready_need_no_key() -> None:
    with a_service(open_access=False).client() as client:
        assert client.get("/healthz").json()["status"] == "ok"
        assert client.get("/readyz").json() == {
            "ready": True,
            "checks": {"database": "ok", "blobs": "ok", "models": "ok", "queue": "ok"},
        }


def test_not_ready_before_the_workers_run_and_while_stopping() -> None:
    service = a_service()
    assert TestClient(service.app).get("/readyz").status_code == 503
    with service.client() as client:
        service.shop.queue.close()
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json()["checks"]["queue"]) == (503, "failing")
        refused = client.post("/v1/score", data={"sku": SKU}, files=photos("a.jpg"))
    assert (refused.status_code, refused.json()["code"]) == (503, "Unavailable")
    assert "Retry-After" in refused.headers


def test_not_ready_without_a_database_and_without_details() -> None:
    service = a_service()

    def away() -> None:
        raise Unavailable("cannot reach postgres at 10.0.0.7")

    service.parts.records.ready = away  # type: ignore[method-assign]
    with service.client() as client:
        answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["database"]) == (503, "failing")
    assert "10.0.0.7" not in answer.text


def test_metrics_count_requests_verdicts_and_stages() -> None:
    service = a_service()
    with service.client() as client:
        client.post("/v1/score", data={"sku": SKU}, files=photos("REJECT.jpg", "PASS.jpg"))
        client.get("/v1/scores/none")
        text = client.get("/metrics").text
    assert 'visiqc_http_requests_total{method="POST",route="/v1/score",status="200"} 1.0' in text
    assert 'visiqc_http_requests_total{method="GET",route="/v1/scores/{score_id}",status="404"} 1.0' in text
    assert 'visiqc_verdicts_total{outcome="REJECT"} 1.0' in text
    assert 'visiqc_scoring_stage_seconds_count{stage="trunk"} 2.0' in text
    assert 'visiqc_rejected_requests_total{code="NotFound"} 1.0' in text
    assert "visiqc_queue_photos 0.0" in text
    assert 'visiqc_build_info{models="' in text


def test_strangers_cannot_invent_labels() -> None:
    with a_service().client() as client:
        client.request("BREW", "/coffee/1")
        text = client.get("/metrics").text
    assert "BREW" not in text
    assert "coffee" not in text


def test_metrics_need_a_key_once_there_are_keys() -> None:
    service = a_service()
    key = service.key(Role.VIEWER)
    with service.client() as client:
        assert client.get("/metrics").status_code == 401
        assert client.get("/metrics", headers=key).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "NotFound"),
        ("DELETE", "/v1/score", 405, "MethodNotAllowed"),
        ("GET", "/v1/scores/no%20id", 422, "InputError"),
        ("GET", "/v1/scores/none", 404, "NotFound"),
        ("POST", "/v1/score", 415, "UnsupportedMedia"),
    ],
)
def test_every_refusal_is_a_problem_document(method: str, path: str, status: int, code: str) -> None:
    with a_service().client() as client:
        answer = client.request(method, path)
    body = answer.json()
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (answer.status_code, body["status"], body["code"]) == (status, status, code)
    assert body["instance"] == f"urn:visiqc:request:{answer.headers['X-Request-ID']}"
    assert {"type", "title", "detail"} <= set(body)


def test_the_unexpected_is_a_bare_500_whose_id_finds_it_in_the_log() -> None:
    service = a_service()

    def broken(sku: str | None = None) -> None:
        raise RuntimeError("password=hunter2")

    service.parts.records.goldens = broken  # type: ignore[assignment, method-assign]
    with service.client() as client, structlog.testing.capture_logs([structlog.contextvars.merge_contextvars]) as log:
        answer = client.get("/v1/goldens", headers={"X-Request-ID": "lot-7.1"})
    assert (answer.status_code, answer.json()["code"]) == (500, "InternalError")
    assert "hunter2" not in answer.text
    assert answer.headers["X-Request-ID"] == "lot-7.1"
    assert any(line["log_level"] == "error" and line["request_id"] == "lot-7.1" for line in log)


def test_a_request_id_that_could_forge_log_lines_is_replaced() -> None:
    with a_service().client() as client:
        assert len(client.get("/healthz", headers={"X-Request-ID": "a b\tc"}).headers["X-Request-ID"]) == 32


def test_our_own_mistakes_are_not_explained_to_strangers() -> None:
    service = a_service()

    def rotten(upload_id: str) -> None:
        raise errors.IntegrityError("blob abc is damaged")

    service.parts.records.upload = rotten  # type: ignore[assignment, method-assign]
    with service.client() as client:
        answer = client.get("/v1/scores/a")
    assert (answer.status_code, answer.json()["code"]) == (500, "IntegrityError")
    assert "damaged" not in answer.text


def test_the_status_of_every_error_is_the_one_its_docstring_says() -> None:
    said: dict[str, int] = {}
    inherited = 0
    for line in (errors.__doc__ or "").splitlines():
        name = next((word for word in line.split() if word in vars(errors)), None)
        if name:
            last = line.split()[-1]
            said[name] = int(last) if last.isdigit() else said.get("InputError", inherited)
    said.pop("VisiQCError")
    said["NotApproved"] = 409
    assert {name: status_of(getattr(errors, name)) for name in said} == said


def test_the_openapi_document_has_an_example_for_every_answer() -> None:
    with a_service().client() as client:
        document = client.get("/openapi.json").json()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for status, answer in operation["responses"].items():
                for kind, media in answer.get("content", {}).items():
                    shown = "example" in media or "examples" in media or kind.startswith("image/")
                    assert shown, f"{method} {path} {status} {kind}"
    assert "ProblemOut" in document["components"]["schemas"]


def test_every_example_is_what_the_schema_says() -> None:
    from visiqc.service import (
        examples,
        lot_examples,
        lot_report_schemas,
        lot_schemas,
        queue_schemas,
        review_examples,
        review_schemas,
        schemas,
    )

    pairs = {
        schemas.ScoresOut: (examples.SCORES, examples.SCORES_PENDING),
        schemas.ScoreOut: (examples.SCORE, examples.PENDING, examples.FAILED),
        schemas.GoldenOut: (examples.GOLDEN, examples.PROPOSAL),
        schemas.ProductsOut: (examples.PRODUCTS,),
        lot_schemas.OrderIn: (lot_examples.ORDER_IN,),
        lot_schemas.LotIn: (lot_examples.LOT_IN,),
        lot_report_schemas.OrdersOut: (lot_examples.ORDERS,),
        lot_report_schemas.LotsOut: (lot_examples.LOTS,),
        lot_report_schemas.LotReportOut: (lot_examples.LOT_REPORT,),
        review_schemas.ReviewIn: (review_examples.REVIEW_IN,),
        review_schemas.ReviewsOut: (review_examples.REVIEWS,),
        queue_schemas.QueueOut: (review_examples.QUEUE,),
        review_schemas.SheetOut: (review_examples.SHEET,),
        review_schemas.ViewersOut: (review_examples.VIEWERS,),
        lot_schemas.UnitPhotosOut: (lot_examples.UNIT_PHOTOS, lot_examples.UNIT_PHOTOS_WAIT),
        schemas.ReadyOut: (examples.READY, examples.NOT_READY),
    }
    for schema, shown in pairs.items():
        for example in shown:
            assert json.loads(schema.model_validate(example).model_dump_json()) == example


def test_waiting_requests_leave_the_threads_free() -> None:
    """More waiting requests than the 40 threads of FastAPI's pool, and the health checks still answer."""
    service = a_service(queue_size=100)
    service.scoring.hold()
    with service.client() as client:
        body = {"data": {"sku": SKU}, "files": photos("a.jpg")}
        senders = [threading.Thread(target=client.post, args=["/v1/score"], kwargs=body) for _ in range(60)]
        for sender in senders:
            sender.start()
        while len(service.parts.records.pending()) < 60:
            assert client.get("/healthz").status_code == 200
        assert client.get("/readyz").status_code == 200
        service.scoring.release()
        for sender in senders:
            sender.join(20)
    assert len(service.scoring.scored) == 60


def test_many_services_live_in_one_process() -> None:
    one, other = a_service(parts=memory_parts()), a_service()
    assert isinstance(one.parts.records, MemoryRecords)
    assert one.shop.metrics is not other.shop.metrics
