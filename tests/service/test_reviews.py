"""The inspectors' queue, sheets and reviews over HTTP."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from fastapi.testclient import TestClient

from builders import a_lot, an_order
from services import Service, a_service, photos
from visiqc.domain.access import Role
from visiqc.domain.lot import MOST_LISTED
from visiqc.service.pages import inspecting


def scored(client: TestClient, *names: str) -> list[str]:
    """Ids of photos whose outcome is their name, scored."""
    sent = client.post("/v1/score", data={"sku": "halo-1"}, files=photos(*names), headers={"Prefer": "wait=10"}).json()
    return [score["id"] for score in sent["scores"]]


def answer(client: TestClient, upload_id: str, **said: Any) -> Any:
    return client.post(f"/v1/scores/{upload_id}/reviews", json={"decision": "reject"} | said)


def open_service() -> Service:
    return a_service()


def test_the_queue_shows_flagged_photos_riskiest_first_in_pages() -> None:
    with open_service().client() as client:
        review, reject, _, retake = scored(client, "REVIEW.jpg", "REJECT.jpg", "PASS.jpg", "RETAKE.jpg")
        first = client.get("/v1/queue", params={"limit": 2}).json()
        then = client.get("/v1/queue", params={"limit": 2, "after": first["after"]}).json()
    assert [item["id"] for item in first["items"]] == [reject, review]
    assert [item["id"] for item in then["items"]] == [retake]
    assert then["after"] is None
    assert {count["outcome"]: count["open"] for count in first["counts"]}["PASS"] == 1


def test_a_sheet_has_all_a_photo_is_judged_by_and_names_the_next() -> None:
    with open_service().client() as client:
        review, reject = scored(client, "REVIEW.jpg", "REJECT.jpg")
        sheet = client.get(f"/v1/scores/{reject}/sheet").json()
        last = client.get(f"/v1/scores/{review}/sheet").json()
    assert (sheet["outcome"], sheet["next"], sheet["waiting"]) == ("REJECT", review, 2)
    assert sheet["regions"][0] | {"nth": 0, "p_value": 0.004} == sheet["regions"][0]
    assert sheet["quality"][0]["name"] == "sharpness"
    assert "400 comparisons of good photos of other products" in sheet["threshold_from"]
    assert last["next"] == reject, "what was passed over comes again at the end"


def test_an_answer_is_signed_kept_and_undone_without_erasing() -> None:
    service = a_service(open_access=False)
    with service.client(**service.session(Role.INSPECTOR)) as client:
        (upload,) = scored(client, "REJECT.jpg")
        first = answer(client, upload, regions=[{"nth": 0, "code": "ME-SCR"}])
        undone = answer(client, upload, decision="undone", supersedes=first.json()["id"])
        kept = client.get(f"/v1/scores/{upload}/reviews").json()
    assert (first.status_code, undone.status_code) == (201, 201)
    assert [(each["decision"], each["author"]) for each in kept["reviews"]] == [
        ("reject", "Ana (inspector)"),
        ("undone", "Ana (inspector)"),
    ]
    assert kept["reviews"][0]["regions"][0]["shown"][0] == [100.0, 120.0]
    assert not any(each["stands"] for each in kept["reviews"])


def test_the_second_of_two_inspectors_is_told_who_looks_and_who_answered() -> None:
    service = a_service(open_access=False)
    ana, ben = service.session(Role.INSPECTOR), service.session(Role.INSPECTOR, "Ben")
    with service.client() as client:
        client.headers.update(ana)
        (upload,) = scored(client, "REJECT.jpg")
        assert client.post(f"/v1/scores/{upload}/viewers").json()["others"] == []
        mine = answer(client, upload).json()
        client.headers.update(ben)
        looked = client.post(f"/v1/scores/{upload}/viewers").json()
        refused = answer(client, upload, decision="accept")
        knowingly = answer(client, upload, decision="accept", supersedes=mine["id"])
    assert looked == {
        "others": ["Ana (inspector)"],
        "newest": mine["id"],
        "newest_by": "Ana (inspector)",
        "newest_decision": "reject",
    }
    assert (refused.status_code, refused.json()["code"]) == (409, "Conflict")
    assert "Ana (inspector) answered reject meanwhile" in refused.json()["detail"]
    assert knowingly.status_code == 201


def test_what_makes_no_sense_is_refused_by_name() -> None:
    with open_service().client() as client:
        (upload,) = scored(client, "REJECT.jpg")
        for said in ({"decision": "perhaps"}, {"regions": [{"nth": 0, "code": "XX-YYY"}]}, {"codes": ["nonsense"]}):
            assert answer(client, upload, **said).status_code == 422
        assert client.get("/v1/queue", params={"after": "x"}).status_code == 422
        assert answer(client, "nothing").status_code == 404


def test_a_viewer_reads_and_does_not_answer() -> None:
    service = a_service(open_access=False)
    with service.client(**service.key(Role.INSPECTOR)) as client:
        (upload,) = scored(client, "REJECT.jpg")
        client.headers.update(service.key(Role.VIEWER))
        assert client.get(f"/v1/scores/{upload}/sheet").status_code == 200
        assert answer(client, upload).status_code == 403


def test_the_queue_page_leads_from_page_to_page_and_keeps_the_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspecting, "ROWS", 2)
    with open_service().client() as client:
        ids = scored(client, *(f"REVIEW.{n}.jpg" for n in range(3)))
        first = client.get("/queue", params={"outcome": "REVIEW"}).text
        (following,) = re.findall(r'rel="next" href="([^"]+)"', first)
        second = client.get(html.unescape(following)).text
    assert [found for found in ids if f"/photos/{found}?outcome=REVIEW" in first] == ids[:2]
    assert [found for found in ids if f"/photos/{found}?outcome=REVIEW" in second] == ids[2:]
    assert 'rel="next"' not in second
    assert '<a href="/queue?outcome=REVIEW">To the beginning</a>' in second


def test_the_queue_page_offers_the_newest_orders_and_the_one_that_is_chosen() -> None:
    service = open_service()
    for n in range(MOST_LISTED + 2):
        service.parts.records.add_order(an_order(code=f"PO-{n}"))
    service.parts.records.add_lot(a_lot(order="PO-0", code="OLD"))
    with service.client() as client:
        page, chosen = client.get("/queue").text, client.get("/queue", params={"order": "PO-0"}).text
    newest = f"PO-{MOST_LISTED + 1}"
    assert [f">{code}<" in page for code in ("PO-0", newest)] == [False, True]
    assert [f">{code}<" in chosen for code in ("PO-0", "OLD", newest)] == [True, True, True]


def test_a_photo_that_is_not_there_has_no_page() -> None:
    with open_service().client(Accept="text/html") as client:
        missing = client.get("/photos/nothing")
    assert missing.status_code == 404
    assert "no upload" in missing.text.lower()
