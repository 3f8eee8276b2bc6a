"""Orders and lots over HTTP, on a real server with a real database and a golden sample that was really enrolled."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from bench import enrolled, jpeg, parts_in, photo_of, sent
from builders import a_reason
from pictures import plate
from services import Service, a_service, wait_until
from visiqc.domain.access import Role
from visiqc.domain.outcome import Outcome
from visiqc.errors import Unavailable

HERE = "/v1/orders/PO-7/lots/L1"
PHOTOS = f"{HERE}/milestones/pre-shipment/photos"


@pytest.fixture(scope="module")
def _stocked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("stocked") / "home"
    home.mkdir()
    parts = parts_in(home)
    enrolled("plate", [sent("golden.jpg", photo_of(plate()), "front")], parts)
    parts.records.close()
    return home


@pytest.fixture
def service(_stocked: Path, tmp_path: Path) -> Iterator[Service]:
    """A service whose scoring answers at once, by the photo's name."""
    parts = parts_in(Path(shutil.copytree(_stocked, tmp_path, dirs_exist_ok=True)))
    yield a_service(parts=parts)
    parts.records.close()


@pytest.fixture
def client(service: Service) -> Iterator[httpx2.Client]:
    """A client of a real server on which the lot L1 of PO-7 is open."""
    with service.live() as client:
        assert client.post("/v1/orders", json={"code": "PO-7"}).status_code == 201
        lot = {"code": "L1", "sku": "plate", "units": 9, "required_views": ["front", "back"]}
        assert client.post("/v1/orders/PO-7/lots", json=lot).status_code == 201
        yield client


def files(*photos: tuple[str, int]) -> list[Any]:
    """Photos of a plate by name, another one for each number."""
    return [("photos", (name, jpeg(photo_of(plate(), n, noise=n)), "image/jpeg")) for name, n in photos]


def send(client: httpx2.Client, *photos: tuple[str, int], units: list[int], views: list[str], **more: str) -> Any:
    headers = {name.replace("_", "-"): value for name, value in more.items()}
    return client.post(PHOTOS, data={"units": units, "views": views}, files=files(*photos), headers=headers)


def test_orders_and_lots_are_opened_and_listed(client: httpx2.Client) -> None:
    order = client.post("/v1/orders", json={"code": "戒指-2", "milestones": ["b", "a"]})
    assert (order.status_code, order.json()["milestones"]) == (201, ["b", "a"])
    lot = client.post("/v1/orders/戒指-2/lots", json={"code": "L9", "sku": "not-enrolled-yet"})
    assert client.get(lot.headers["Location"]).json()["lot"] == lot.json()
    listed = client.get("/v1/orders").json()["orders"]
    assert [(each["code"], [lot["code"] for lot in each["lots"]]) for each in listed] == [
        ("PO-7", ["L1"]),
        ("戒指-2", ["L9"]),
    ]


def test_orders_and_lots_are_listed_page_by_page(client: httpx2.Client) -> None:
    client.post("/v1/orders", json={"code": "PO-8"})
    for code in ("L2", "L3"):
        client.post("/v1/orders/PO-7/lots", json={"code": code, "sku": "plate"})
    first = client.get("/v1/orders", params={"limit": 1}).json()
    assert ([each["code"] for each in first["orders"]], first["after"]) == (["PO-7"], "PO-7")
    last = client.get("/v1/orders", params={"limit": 1, "after": first["after"]}).json()
    assert ([each["code"] for each in last["orders"]], last["after"]) == (["PO-8"], None)
    lots = client.get("/v1/orders/PO-7/lots", params={"after": "L1", "limit": 1}).json()
    assert ([each["code"] for each in lots["lots"]], lots["after"]) == (["L2"], "L2")
    assert client.get("/v1/orders", params={"after": "gone"}).status_code == 404


def test_a_photo_of_a_view_that_nobody_knows_is_refused_before_it_is_there_for_good(client: httpx2.Client) -> None:
    wrong = send(client, ("a.jpg", 1), ("b.jpg", 2), units=[1, 1], views=["frnot", "back"])
    assert wrong.status_code == 422
    assert "a.jpg: neither golden version 1 of plate nor the lot has a view 'frnot'" in wrong.json()["detail"]
    right = send(client, ("a.jpg", 1), units=[1], views=["front"])
    assert right.json()["photos"][0]["known"] is False
    form = {"data": {"units": [2], "views": ["inside"]}, "files": files(("c.jpg", 3))}
    assert client.post(PHOTOS, params={"any_view": True}, **form).status_code == 200


def test_units_of_a_lot_are_read_page_by_page_with_the_counts_of_all(client: httpx2.Client) -> None:
    send(client, *((f"PASS{n}.jpg", n) for n in (1, 2, 3)), units=[1, 2, 3], views=["front"] * 3)
    asked = {"milestone": "pre-shipment", "limit": 2}
    (first,) = client.get(HERE, params=asked).json()["milestones"]
    assert ([unit["unit"] for unit in first["units"]], first["after_unit"]) == ([1, 2], 2)
    (last,) = client.get(HERE, params={**asked, "after_unit": 2}).json()["milestones"]
    assert ([unit["unit"] for unit in last["units"]], last["after_unit"]) == ([3], None)
    assert first["counts"] == last["counts"]
    assert first["counts"]["open"] == 3
    assert client.get(HERE, params={"milestone": "later"}).status_code == 422


def test_a_lot_says_which_golden_versions_judged_it_and_how_one_of_them_did(
    service: Service, client: httpx2.Client
) -> None:
    ids = [each["score"]["id"] for each in send(client, ("PASS.jpg", 1), units=[1], views=["front"]).json()["photos"]]
    report = client.get(HERE).json()
    assert (report["golden_version"], report["golden_versions"]) == (None, [{"version": 1, "photos": 1}])
    assert client.get(HERE, params={"golden_version": 2}).status_code == 404
    records = service.parts.records
    enrolled(
        "plate",
        [
            sent("new.jpg", photo_of(plate(), 7)),
        ],
        service.parts,
    )
    other = client.get(HERE, params={"golden_version": 2}).json()
    assert [each["code"] for each in other["findings"]] == ["NOT_JUDGED"]
    assert other["milestones"][-1]["units"][0]["pending"] == ids
    kept = records.verdict(ids[0])
    records.add_verdict(replace(kept, golden_version=2, outcome=Outcome.REVIEW, reasons=(a_reason(),)))
    other = client.get(HERE, params={"golden_version": 2}).json()
    assert (other["findings"], other["milestones"][-1]["units"][0]["outcome"]) == ([], "REVIEW")
    assert client.get(HERE).json()["milestones"][-1]["units"][0]["views"][0]["outcome"] == "PASS"


def test_a_photo_that_our_own_fault_keeps_from_its_score_is_seen_in_its_lot(
    service: Service, client: httpx2.Client
) -> None:
    gone = Unavailable("the photo store cannot be read: the folder is gone; mount or restore it")
    service.scoring.errors["a.jpg"] = [gone] * 99
    assert send(client, ("a.jpg", 1), units=[1], views=["front"], prefer="wait=5").status_code == 202
    wait_until(lambda: client.get(HERE).json()["put_off"])
    report = client.get(HERE).json()
    assert (report["pending"], report["put_off"], report["failed"]) == (1, 1, 0)
    (finding,) = report["findings"]
    assert finding["code"] == "PHOTOS_PUT_OFF"
    assert str(gone) in finding["message"]


def test_opened_again_it_is_the_same_and_otherwise_a_conflict(client: httpx2.Client) -> None:
    assert client.post("/v1/orders", json={"code": "PO-7"}).status_code == 201
    other = client.post("/v1/orders/PO-7/lots", json={"code": "L1", "sku": "other"})
    assert (other.status_code, other.json()["code"]) == (409, "Conflict")
    assert "plate" in other.json()["detail"]


def test_photos_of_units_are_scored_and_the_lot_says_what_is_missing(client: httpx2.Client) -> None:
    answer = send(
        client, ("PASS.jpg", 1), ("REJECT.jpg", 2), ("PASS2.jpg", 3), units=[1, 1, 2], views=["front", "back", "front"]
    )
    assert answer.status_code == 200
    photos = answer.json()["photos"]
    assert [(each["unit"], each["view"], each["known"]) for each in photos] == [
        (1, "front", False),
        (1, "back", False),
        (2, "front", False),
    ]
    assert [each["score"]["verdict"]["outcome"] for each in photos] == ["PASS", "REJECT", "PASS"]
    shipment = client.get(HERE).json()["milestones"][-1]
    assert (shipment["photos"], shipment["counts"]["REJECT"], shipment["counts"]["open"]) == (3, 1, 1)
    assert [(unit["unit"], unit["outcome"], unit["missing"]) for unit in shipment["units"]] == [
        (1, "REJECT", ["back"]),  # the photo sent as the back shows the front
        (2, None, ["back"]),
    ]
    assert client.get(photos[0]["score"]["links"]["photo"]).status_code == 200


def test_the_quality_answer_comes_at_once_and_the_score_by_asking(service: Service, client: httpx2.Client) -> None:
    service.scoring.hold()
    dark = ("photos", ("dark.jpg", jpeg((photo_of(plate(), 5) // 12).astype("uint8")), "image/jpeg"))
    answer = client.post(
        PHOTOS,
        data={"units": [1, 2], "views": ["front", "front"]},
        files=[*files(("good.jpg", 1)), dark],
        headers={"Prefer": "respond-async"},
    )
    assert (answer.status_code, answer.headers["Location"]) == (202, HERE)
    good, poor = answer.json()["photos"]
    assert good["quality"] == []
    assert poor["quality"][0]["code"] == "TOO_DARK"
    assert poor["quality"][0]["advice"]
    assert {good["score"]["status"], poor["score"]["status"]} == {"pending"}
    assert client.get(HERE).json()["milestones"][-1]["units"][0]["pending"] == [good["score"]["id"]]
    service.scoring.release()
    wait_until(lambda: client.get(good["score"]["links"]["self"]).json()["status"] == "done")


def test_a_golden_file_sent_as_a_photo_of_a_unit_is_told_in_the_answer(client: httpx2.Client) -> None:
    golden = ("photos", ("mine.jpg", sent("golden.jpg", photo_of(plate()), "front").content, "image/jpeg"))
    answer = client.post(PHOTOS, data={"units": [1], "views": ["front"]}, files=[golden])
    (complaint,) = answer.json()["photos"][0]["quality"]
    assert (complaint["code"], complaint["advice"][:28]) == ("DUPLICATE_PHOTO", "Photograph the piece that wa")


def test_patience_is_the_clients_choice(service: Service, client: httpx2.Client) -> None:
    service.scoring.hold()
    assert send(client, ("a.jpg", 1), units=[1], views=["front"], prefer="wait=0").status_code == 202


def test_the_same_file_again_is_the_same_photo(client: httpx2.Client) -> None:
    first = send(client, ("PASS.jpg", 1), units=[1], views=["front"]).json()["photos"][0]
    again = send(client, ("PASS.jpg", 1), units=[1], views=["front"]).json()["photos"][0]
    assert again == {**first, "known": True, "quality": None}
    other = send(client, ("PASS.jpg", 1), units=[2], views=["front"])
    assert other.status_code == 422
    assert "the photo of unit 1, view front already" in other.json()["detail"]


def test_a_file_of_another_lot_is_scored_and_the_answer_and_the_lot_say_where_it_came_first(
    client: httpx2.Client,
) -> None:
    client.post("/v1/orders/PO-7/lots", json={"code": "L2", "sku": "plate"})
    first = send(client, ("PASS.jpg", 1), units=[3], views=["front"]).json()["photos"][0]
    form = {"data": {"units": [1], "views": ["front"]}, "files": files(("PASS.jpg", 1))}
    again = client.post(PHOTOS.replace("L1", "L2"), **form).json()["photos"][0]
    assert (first["repeats"], again["known"], again["score"]["verdict"]["outcome"]) == (None, False, "PASS")
    place = {"order": "PO-7", "lot": "L1", "milestone": "pre-shipment", "unit": 3, "view": "front"}
    words = "the same file as unit 3, front, milestone pre-shipment, lot L1 of order PO-7"
    assert again["repeats"] == {"upload_id": first["score"]["id"], **place, "message": words}
    lots = [client.get(path).json() for path in (HERE, HERE.replace("L1", "L2"))]
    assert [lot["milestones"][-1]["repeated"] for lot in lots] == [0, 1]
    assert [lot["milestones"][-1]["repeated_files"] for lot in lots] == [
        [],
        [{"upload_id": again["score"]["id"], "unit": 1, "view": "front", "first": again["repeats"]}],
    ]
    assert [[finding["code"] for finding in lot["findings"]] for lot in lots] == [[], ["FILES_REPEATED"]]
    sheets = [client.get(f"/v1/scores/{photo['score']['id']}/sheet").json() for photo in (first, again)]
    assert [sheet["repeats"] for sheet in sheets] == [None, again["repeats"]]


def test_an_idempotency_key_stands_for_its_photos(client: httpx2.Client) -> None:
    first, second = (send(client, ("a.jpg", 1), units=[1], views=["front"], idempotency_key="7") for _ in range(2))
    assert [each["score"]["id"] for each in first.json()["photos"]] == [
        each["score"]["id"] for each in second.json()["photos"]
    ]
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    for photo, unit in ((("b.jpg", 2), 1), (("a.jpg", 1), 2)):
        other = send(client, photo, units=[unit], views=["front"], idempotency_key="7")
        assert (other.status_code, other.json()["code"]) == (409, "Conflict")
        assert "the Idempotency-Key '7' was used before for other photos or places" in other.json()["detail"]


def test_a_replay_answers_as_the_first_time_and_another_key_does_not(client: httpx2.Client) -> None:
    both = {"units": [1, 1], "views": ["front", "back"], "idempotency_key": "7"}
    send(client, ("a.jpg", 1), units=[1], views=["front"])
    first, again = (send(client, ("a.jpg", 1), ("b.jpg", 2), **both) for _ in range(2))
    other = send(client, ("a.jpg", 1), ("b.jpg", 2), **both | {"idempotency_key": "8"})
    assert [each["known"] for each in first.json()["photos"]] == [True, False]
    assert [each["known"] for each in again.json()["photos"]] == [True, False]
    assert [each["known"] for each in other.json()["photos"]] == [True, True]
    replayed = ["Idempotency-Replayed" in each.headers for each in (first, again, other)]
    assert replayed == [False, True, False]


def test_a_replay_of_photos_that_were_all_known_says_so(client: httpx2.Client) -> None:
    send(client, ("a.jpg", 1), units=[1], views=["front"])
    answers = [send(client, ("a.jpg", 1), units=[1], views=["front"], idempotency_key="7") for _ in range(2)]
    assert ["Idempotency-Replayed" in each.headers for each in answers] == [False, True]
    assert [each.json()["photos"][0]["known"] for each in answers] == [True, True]


def test_twins_of_unit_photos_sent_at_the_same_moment_are_taken_in_once(
    service: Service, client: httpx2.Client
) -> None:
    with ThreadPoolExecutor(4) as pool:
        twins = [
            pool.submit(send, client, ("a.jpg", 1), units=[1], views=["front"], idempotency_key="7") for _ in range(4)
        ]
    answers = [twin.result() for twin in twins]
    assert {answer.status_code for answer in answers} == {200}
    assert sorted("Idempotency-Replayed" in answer.headers for answer in answers) == [False, True, True, True]
    assert {answer.json()["photos"][0]["known"] for answer in answers} == {False}
    assert len({answer.json()["photos"][0]["score"]["id"] for answer in answers}) == len(service.scoring.scored) == 1


def test_a_replay_of_unit_photos_needs_no_room_in_the_queue(service: Service) -> None:
    full = a_service(parts=service.parts, queue_size=1, workers=0)
    sent_once = {"units": [1], "views": ["front"], "idempotency_key": "7", "prefer": "respond-async"}
    with full.live() as client:
        client.post("/v1/orders", json={"code": "PO-7"})
        client.post("/v1/orders/PO-7/lots", json={"code": "L1", "sku": "plate"})
        first = send(client, ("a.jpg", 1), **sent_once)
        assert send(client, ("b.jpg", 2), units=[2], views=["front"]).status_code == 429
        again = send(client, ("a.jpg", 1), **sent_once)
    assert (first.status_code, again.json()) == (202, first.json())
    assert again.headers["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize(
    ("path", "data", "status", "says"),
    [
        (PHOTOS, {"units": ["one"], "views": ["front"]}, 422, "must hold numbers"),
        (PHOTOS, {"units": [1, 2], "views": ["front"]}, 422, "got 1 photos, 2 units, 1 views"),
        (PHOTOS, {"units": [10], "views": ["front"]}, 422, "lot L1 holds units 1 to 9, got unit 10"),
        (PHOTOS, {"units": [1], "views": [""]}, 422, "name of a view"),
        (PHOTOS, {"unit": [1], "views": ["front"]}, 422, "unknown form field 'unit'"),
        (PHOTOS.replace("pre-shipment", "later"), {"units": [1], "views": ["front"]}, 422, "no milestone 'later'"),
        (PHOTOS.replace("L1", "L9"), {"units": [1], "views": ["front"]}, 404, "L9"),
        (PHOTOS.replace("PO-7", "PO-9"), {"units": [1], "views": ["front"]}, 404, "PO-9"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_kept(
    service: Service, client: httpx2.Client, path: str, data: dict[str, Any], status: int, says: str
) -> None:
    answer = client.post(path, data=data, files=files(("a.jpg", 1)))
    assert answer.status_code == status
    assert says in answer.json()["detail"]
    assert service.parts.records.pending() == ()
    assert service.shop.queue._room.reserved == 0


def test_a_lot_without_a_golden_takes_no_photos_and_says_why(client: httpx2.Client) -> None:
    client.post("/v1/orders/PO-7/lots", json={"code": "L2", "sku": "unknown"})
    answer = client.post(PHOTOS.replace("L1", "L2"), data={"units": [1], "views": ["front"]}, files=files(("a.jpg", 1)))
    assert (answer.status_code, answer.json()["code"]) == (404, "NotFound")
    assert "no golden sample of 'unknown'" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({"content": b"{", "headers": {"content-type": "application/json"}}, 422, "JSON"),
        ({"content": b"code=1"}, 415, "application/json"),
        ({"json": {"code": "a b"}}, 422, "code of an order"),
        ({"json": {"code": 7}}, 422, "code: "),
        ({"json": {"code": "a", "milestone": []}}, 422, "milestone: "),
        ({"json": {"code": "a", "milestones": ["x" * 64] * 2000}}, 413, "at most 65536 bytes"),
    ],
)
def test_a_body_that_does_not_fit_is_refused(client: httpx2.Client, body: dict, status: int, says: str) -> None:
    answer = client.post("/v1/orders", **body)
    assert answer.status_code == status
    assert says in answer.json()["detail"]


def test_a_factory_sends_photos_and_an_inspector_opens_lots(service: Service, client: httpx2.Client) -> None:
    factory, viewer = service.key(Role.FACTORY), service.key(Role.VIEWER)
    form = {"data": {"units": [1], "views": ["front"]}, "files": files(("a.jpg", 1))}
    assert client.post(PHOTOS, **form, headers=viewer).status_code == 403
    assert client.post(PHOTOS, **form, headers=factory).status_code == 200
    assert client.post("/v1/orders", json={"code": "x"}, headers=factory).status_code == 403
    assert client.post("/v1/orders/PO-7/lots", json={"code": "x", "sku": "y"}, headers=factory).status_code == 403
    assert client.get(HERE, headers=viewer).status_code == 200
    assert client.get("/v1/orders").status_code == 401


def test_whoever_opens_and_sends_over_http_is_on_the_record(service: Service, client: httpx2.Client) -> None:
    ana, key = service.session(Role.INSPECTOR), service.key(Role.FACTORY)
    at = {"Origin": str(client.base_url).rstrip("/"), "X-CSRF-Token": ana["X-CSRF-Token"], "Cookie": ana["Cookie"]}
    order = client.post("/v1/orders", json={"code": "PO-8"}, headers=at).json()
    lot = client.post("/v1/orders/PO-8/lots", json={"code": "L1", "sku": "plate"}, headers=at).json()
    form = {"data": {"units": [1], "views": ["front"]}, "files": files(("a.jpg", 1))}
    photo = client.post(PHOTOS.replace("PO-7", "PO-8"), **form, headers=key).json()["photos"][0]["score"]
    plain = client.post("/v1/score", data={"sku": "plate"}, files=files(("b.jpg", 2)), headers=key).json()["scores"][0]
    assert order["made_by"] == lot["made_by"] == "Ana (inspector)"
    assert photo["sent_by"] == plain["sent_by"] == f"the factory (key {key['Authorization'][10:22]})"
    kept = service.parts.records
    assert kept.order("PO-8").made_by.id == kept.lot("PO-8", "L1").made_by.id == "user-id-of-Ana"
    assert kept.upload(photo["id"]).sent_by.id == key["Authorization"][10:22]
    assert client.get(HERE.replace("PO-7", "PO-8"), headers=key).json()["lot"]["made_by"] == "Ana (inspector)"
    assert client.get(f"/v1/scores/{photo['id']}/sheet", headers=key).json()["sent_by"] == photo["sent_by"]


def test_a_service_without_workers_answers_what_another_process_scored(service: Service) -> None:
    front = a_service(parts=service.parts, workers=0)
    with front.live() as client, service.client():
        client.post("/v1/orders", json={"code": "PO-7"})
        client.post("/v1/orders/PO-7/lots", json={"code": "L1", "sku": "plate"})
        answer = send(client, ("PASS.jpg", 1), units=[1], views=["front"])
        assert answer.status_code == 200
        assert answer.json()["photos"][0]["score"]["verdict"]["outcome"] == "PASS"
    assert front.scoring.scored == []
