"""Who gets in, and what each role may do."""

from __future__ import annotations

import hashlib

import pytest

from builders import MOMENT, SKU, FixedClock, a_golden, a_user
from memory import MemoryRecords
from services import a_service, photos
from visiqc.domain.access import Role
from visiqc.errors import Conflict, InputError, NotAllowed, NotAuthenticated
from visiqc.service.asking import Asking, is_loopback
from visiqc.service.auth import ANYONE, Gate, mint_key
from visiqc.service.server import decide_access
from visiqc.service.sessions import Sessions

READ, SEND, APPROVE = ("GET", "/v1/goldens"), ("POST", "/v1/score"), ("POST", f"/v1/goldens/{SKU}/versions/1/approve")


def a_gate(records: MemoryRecords) -> Gate:
    return Gate(records, Sessions(records, FixedClock(), idle_s=60, life_s=60), open_access=True)


def test_only_the_hash_of_256_random_bits_is_stored() -> None:
    key, token = mint_key("gate camera", Role.FACTORY, at=MOMENT)
    secret = token.removeprefix(f"vq_{key.id}_")
    assert len(secret) == 43, "256 bits in base64"
    assert key.secret_hash == hashlib.sha256(secret.encode()).hexdigest()
    assert secret not in repr(key)


@pytest.mark.parametrize("name", ["", " ", "x" * 81, "a\nb"])
def test_a_key_needs_a_readable_name(name: str) -> None:
    with pytest.raises(InputError, match="1 to 80 printable"):
        mint_key(name, Role.LEAD, at=MOMENT)


@pytest.mark.parametrize(
    "sent", [None, "", "Bearer", "Bearer vq_1_2", "Basic dTpw", "Bearer vq_{id}_" + "A" * 43, "Bearer x"]
)
def test_no_key_or_a_wrong_one_is_401_with_the_way_to_authenticate(sent: str | None) -> None:
    service = a_service()
    key_id = service.key()["Authorization"][10:22]
    headers = {} if sent is None else {"Authorization": sent.format(id=key_id)}
    with service.client(**headers) as client:
        answer = client.get("/v1/goldens")
    assert (answer.status_code, answer.json()["code"]) == (401, "NotAuthenticated")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_revoked_key_stops_working_at_once() -> None:
    service = a_service(open_access=False)
    key = service.key()
    with service.client(**key) as client:
        assert client.get("/v1/goldens").status_code == 200
        service.parts.records.revoke_key(key["Authorization"][10:22], at=MOMENT)
        assert client.get("/v1/goldens").status_code == 401


@pytest.mark.parametrize(
    ("role", "may"),
    [
        (Role.VIEWER, {READ}),
        (Role.FACTORY, {READ, SEND}),
        (Role.INSPECTOR, {READ, SEND}),
        (Role.LEAD, {READ, SEND, APPROVE}),
    ],
)
def test_each_role_may_what_it_may_and_no_more(role: Role, may: set[tuple[str, str]]) -> None:
    service = a_service()
    with service.client(**service.key(role)) as client:
        allowed = {way for way in (READ, SEND, APPROVE) if client.request(*way).status_code != 403}
    assert allowed == may


def test_a_refusal_names_the_role_that_is_needed() -> None:
    service = a_service()
    with service.client(**service.key(Role.FACTORY)) as client:
        answer = client.post(APPROVE[1])
    assert (answer.status_code, answer.json()["code"]) == (403, "NotAllowed")
    assert "needs the role lead" in answer.json()["detail"]


def test_who_approved_is_on_the_record() -> None:
    service = a_service()
    service.parts.records.add_golden(a_golden())
    with service.client(**service.key()) as client:
        assert client.post(f"/v1/goldens/{SKU}/versions/2/approve").json()["approved_by"].startswith("the lead (key ")


def test_without_keys_this_machine_is_let_in_and_told_so_in_every_answer() -> None:
    with a_service().client() as client:
        answers = [client.get("/v1/goldens"), client.get("/nowhere"), client.get("/healthz")]
    assert [answer.headers["X-VisiQC-Open-Access"] for answer in answers] == ["true"] * 3


def test_the_first_key_closes_the_open_door_for_good() -> None:
    service = a_service()
    with service.client() as client:
        assert client.get("/v1/goldens").status_code == 200
        key = service.key()
        assert client.get("/v1/goldens").status_code == 401
        service.parts.records.revoke_key(key["Authorization"][10:22], at=MOMENT)
        answer = client.get("/v1/goldens")
    assert answer.status_code == 401
    assert "X-VisiQC-Open-Access" not in answer.headers


def test_a_server_that_is_not_open_never_answers_without_a_key() -> None:
    with a_service(open_access=False).client() as client:
        assert client.get("/v1/goldens").status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},  # DNS rebinding
        {"Host": "127.0.0.1.evil.example:8000"},
        {"Host": ""},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},  # a sandboxed frame
        {"Origin": "http://[::1"},  # not a URL at all
        {"Host": "[::1"},
        {"X-Forwarded-Proto": "https"},
        {"X-Forwarded-For": "203.0.113.7"},  # a proxy on this machine lets the world in
    ],
)
def test_open_access_refuses_what_a_foreign_web_page_could_send(headers: dict[str, str]) -> None:
    with a_service().client() as client:
        answer = client.post("/v1/score", data={"sku": SKU}, files=photos("a.jpg"), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "NotAllowed")


@pytest.mark.parametrize(
    "headers", [{"Host": "localhost:8000"}, {"Host": "[::1]:8000"}, {"Origin": "http://127.0.0.1:3000"}]
)
def test_open_access_lets_this_machine_in_by_any_of_its_names(headers: dict[str, str]) -> None:
    with a_service().client() as client:
        assert client.get("/v1/goldens", headers=headers).status_code == 200


def test_with_a_key_the_host_does_not_matter() -> None:
    service = a_service()
    with service.client(**service.key()) as client:
        assert client.get("/v1/goldens", headers={"Host": "visiqc.factory.example"}).status_code == 200


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.0.1", "::1", "[::1]", "localhost", "LOCALHOST."])
def test_loopback_is_recognised(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "localhost.evil.example", "", None])
def test_what_others_can_reach_is_not_loopback(host: str | None) -> None:
    assert not is_loopback(host)


def test_binding_to_the_world_without_keys_is_refused_with_the_command_that_creates_one() -> None:
    with pytest.raises(NotAllowed, match="visiqc key create"):
        decide_access("0.0.0.0", MemoryRecords())


def test_with_a_key_any_address_may_be_bound_and_none_is_open() -> None:
    records = MemoryRecords()
    records.add_key(mint_key("a", Role.LEAD, at=MOMENT)[0])
    assert decide_access("0.0.0.0", records) is False
    assert decide_access("127.0.0.1", records) is False


def used_up() -> MemoryRecords:
    """Records whose only key is revoked and whose only user is disabled."""
    records = MemoryRecords()
    key = records.add_key(mint_key("a", Role.LEAD, at=MOMENT)[0])
    records.revoke_key(key.id, at=MOMENT)
    records.add_user(a_user())
    records.disable_user("ana", at=MOMENT)
    return records


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_revoking_the_last_key_and_disabling_the_last_user_opens_nothing(host: str) -> None:
    assert decide_access(host, used_up()) is False


def test_access_is_reopened_by_saying_so_and_on_this_machine_alone() -> None:
    assert decide_access("127.0.0.1", used_up(), reopen=True) is True
    with pytest.raises(NotAllowed, match="visiqc key create"):
        decide_access("0.0.0.0", used_up(), reopen=True)
    records = used_up()
    records.add_user(a_user(id="user-2", name="Bo"))
    with pytest.raises(Conflict, match="--open-access"):
        decide_access("127.0.0.1", records, reopen=True)


def test_reopened_access_ends_with_the_next_user_even_one_who_is_disabled_at_once() -> None:
    records = used_up()
    gate, asking = a_gate(records), Asking(headers={"host": "127.0.0.1"})
    assert gate.admit(asking) == ANYONE
    records.add_user(a_user(id="user-2", name="Bo"))
    records.disable_user("Bo", at=MOMENT)
    with pytest.raises(NotAuthenticated):
        gate.admit(asking)


def test_a_user_closes_the_open_door_too() -> None:
    records = MemoryRecords()
    records.add_user(a_user())
    assert decide_access("0.0.0.0", records) is False
