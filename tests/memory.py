"""In-memory fillings of `Records` and `Blobs`; they pass the contract tests that the real ones pass."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime
from functools import wraps
from typing import Any

from memory_lots import MemoryLots
from memory_people import MemoryPeople
from memory_reviews import MemoryReviews
from visiqc.domain.access import ApiKey
from visiqc.domain.calibration import Calibration
from visiqc.domain.golden import GoldenVersion
from visiqc.domain.model_set import ModelSet
from visiqc.domain.upload import MAX_ATTEMPTS, PutOff, RequestKey, Upload, put_off_until
from visiqc.domain.verdict import Verdict
from visiqc.errors import Conflict, InputError, IntegrityError, InvalidRecord, NotApproved, NotFound


class MemoryBlobs:
    """Blobs in a dict; `damage` changes stored bytes behind its back."""

    def __init__(self) -> None:
        self._content: dict[str, bytes] = {}

    def put(self, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        self._content.setdefault(digest, bytes(content))
        return digest

    def get(self, digest: str) -> bytes:
        if digest not in self._content:
            raise NotFound(f"no blob {digest[:80]!r}")
        content = self._content[digest]
        if hashlib.sha256(content).hexdigest() != digest:
            raise IntegrityError(f"blob {digest} is not the bytes that were stored")
        return content

    def ready(self) -> None:
        return

    def damage(self, digest: str) -> None:
        content = self._content[digest]
        self._content[digest] = bytes([content[0] ^ 1]) + content[1:]


def _transaction(method: Callable[..., Any]) -> Callable[..., Any]:
    """No other thread sees the middle of a method."""

    @wraps(method)
    def locked(self: MemoryRecords, *args: Any, **kwargs: Any) -> Any:
        with self._lock:
            return method(self, *args, **kwargs)

    return locked


class MemoryRecords(MemoryReviews, MemoryLots, MemoryPeople):
    """Records in dicts, in the order they came."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.RLock()
        self._goldens: dict[tuple[str, int], GoldenVersion] = {}
        self._approvals: list[tuple[str, int]] = []
        self._calibrations: dict[str, Calibration] = {}
        self._requests: dict[str, RequestKey] = {}
        self._uploads: dict[str, Upload] = {}
        self._verdicts: dict[str, dict[tuple[int, str, str], Verdict]] = {}
        self._jobs: dict[str, tuple[str, datetime | None, int]] = {}
        self._put_off: dict[str, tuple[int, datetime, PutOff]] = {}
        self._keys: dict[str, ApiKey] = {}
        self._features: dict[tuple[str, int, tuple[str, ...]], str] = {}
        self._model_sets: list[ModelSet] = []

    @_transaction
    def add_golden(self, draft: GoldenVersion) -> GoldenVersion:
        if draft.approved:
            raise InvalidRecord(f"a draft of {draft.sku} cannot be approved already")
        numbered = replace(draft, version=len(self._versions(draft.sku)) + 1)
        self._goldens[numbered.sku, numbered.version] = numbered
        return numbered

    @_transaction
    def golden(self, sku: str, version: int) -> GoldenVersion:
        if (sku, version) not in self._goldens:
            versions = self._versions(sku)
            raise NotFound(f"{sku!r} has {versions or 'no golden sample'}, not version {version}")
        return self._goldens[sku, version]

    @_transaction
    def current_golden(self, sku: str) -> GoldenVersion:
        if not self._versions(sku):
            raise NotFound(f"no golden sample of {sku!r}")
        version = self._current(sku)
        if version is None:
            raise NotApproved(f"no golden version of {sku!r} is approved: {self._versions(sku)}")
        return self._goldens[sku, version]

    @_transaction
    def goldens(self, sku: str | None = None) -> tuple[GoldenVersion, ...]:
        return tuple(self._goldens[key] for key in sorted(self._goldens) if sku in {None, key[0]})

    @_transaction
    def approve_golden(self, sku: str, version: int, *, by: str, at: datetime) -> GoldenVersion:
        golden = self.golden(sku, version)
        if self._current(sku) != version:
            self._approvals.append((sku, version))
            golden = self._goldens[sku, version] = replace(golden, approved_at=at, approved_by=by)
        return golden

    @_transaction
    def add_calibration(self, calibration: Calibration) -> Calibration:
        self.golden(calibration.sku, calibration.golden_version)
        _refuse_twice("calibration", calibration.id, self._calibrations)
        self._calibrations[calibration.id] = calibration
        return calibration

    @_transaction
    def calibration(self, sku: str, version: int, fleet: str | None = None) -> Calibration | None:
        fitting = [each for each in self.calibrations(sku, version) if fleet in {None, each.fleet}]
        return fitting[-1] if fitting else None

    @_transaction
    def calibrations(self, sku: str, version: int) -> tuple[Calibration, ...]:
        return tuple(c for c in self._calibrations.values() if (c.sku, c.golden_version) == (sku, version))

    @_transaction
    def add_features(self, sku: str, version: int, models: Sequence[str], bank_digest: str) -> str:
        self.golden(sku, version)
        return self._features.setdefault((sku, version, tuple(models)), bank_digest)

    @_transaction
    def features(self, sku: str, version: int, models: Sequence[str]) -> str | None:
        return self._features.get((sku, version, tuple(models)))

    @_transaction
    def add_model_set(self, model_set: ModelSet) -> ModelSet:
        if model_set.supersedes != (self._model_sets[-1].id if self._model_sets else ""):
            raise Conflict("another set of models was put in force meanwhile")
        _refuse_twice("set of models", model_set.id, {each.id: each for each in self._model_sets})
        self._model_sets.append(model_set)
        return model_set

    @_transaction
    def model_sets(self) -> tuple[ModelSet, ...]:
        return tuple(self._model_sets)

    @_transaction
    def current_model_set(self) -> ModelSet | None:
        return self._model_sets[-1] if self._model_sets else None

    @_transaction
    def accept(self, uploads: Sequence[Upload], request: RequestKey | None = None) -> tuple[Upload, ...]:
        if request and (earlier := self.accepted(request)):
            return earlier
        if not uploads or len({upload.id for upload in uploads}) < len(uploads):
            raise InvalidRecord("accept needs uploads with an id each of their own")
        for upload in uploads:
            _require_text(upload.photo_name)
            self.golden(upload.sku, upload.golden_version)
            _refuse_twice("upload", upload.id, self._uploads)
        kept = {upload.id: replace(upload, request_key=request.key if request else None) for upload in uploads}
        self._uploads |= kept
        if request:
            self._requests[request.key] = request
        return tuple(kept.values())

    @_transaction
    def accepted(self, request: RequestKey) -> tuple[Upload, ...]:
        if self._requests.get(request.key, request).fingerprint != request.fingerprint:
            raise Conflict(f"request key {request.key!r} was used before for something else; send a new key")
        return tuple(upload for upload in self._uploads.values() if upload.request_key == request.key)

    @_transaction
    def replays(self, request: RequestKey) -> bool:
        self.accepted(request)
        return request.key in self._requests

    @_transaction
    def upload(self, upload_id: str) -> Upload:
        if upload_id not in self._uploads:
            raise NotFound(f"no upload {upload_id!r}")
        return self._uploads[upload_id]

    @_transaction
    def pending(self) -> tuple[Upload, ...]:
        return tuple(u for u in self._uploads.values() if u.id not in self._verdicts and u.failure is None)

    @_transaction
    def fail(self, upload_id: str, why: str) -> None:
        upload = self.upload(upload_id)
        if upload_id not in self._verdicts and upload.failure is None:
            self._uploads[upload_id] = replace(upload, failure=why)
            self._jobs.pop(upload_id, None)

    @_transaction
    def keep_key(self, request: RequestKey) -> bool:
        self.accepted(request)
        return self._requests.setdefault(request.key, request) is request

    @_transaction
    def retry(self, upload_id: str) -> bool:
        upload = self.upload(upload_id)
        self._uploads[upload_id] = replace(upload, failure=None)
        return upload.failure is not None

    @_transaction
    def add_verdict(self, verdict: Verdict) -> Verdict:
        upload = self.upload(verdict.id)
        self._uploads[verdict.id] = replace(upload, failure=None)
        self._jobs.pop(verdict.id, None)
        key = (verdict.golden_version, verdict.models, verdict.calibration_source)
        return self._verdicts.setdefault(verdict.id, {}).setdefault(key, verdict)

    @_transaction
    def verdict(self, upload_id: str) -> Verdict | None:
        return next(iter(self.verdicts(upload_id)), None)

    @_transaction
    def verdict_under(self, upload_id: str, golden_version: int, models: str) -> Verdict | None:
        self.upload(upload_id)
        known = self._verdicts.get(upload_id, {}).items()
        return next((verdict for key, verdict in known if key[:2] == (golden_version, models)), None)

    @_transaction
    def verdicts(self, upload_id: str) -> tuple[Verdict, ...]:
        self.upload(upload_id)
        return tuple(self._verdicts.get(upload_id, {}).values())

    @_transaction
    def lease(
        self, worker: str, *, now: datetime, until: datetime, limit: int = 1, upload_id: str | None = None
    ) -> tuple[Upload, ...]:
        taken: list[Upload] = []
        for upload in self.pending():
            _, leased_until, attempts = self._jobs.get(upload.id, ("", None, 0))
            late = upload.id in self._put_off and self._put_off[upload.id][1] > now
            held = late or (leased_until and leased_until > now)
            if len(taken) == limit or upload_id not in {None, upload.id} or held:
                continue
            if attempts >= MAX_ATTEMPTS:
                self.fail(upload.id, f"scoring it was begun {attempts} times and its worker ended each time")
            else:
                self._jobs[upload.id] = (worker, until, attempts + 1)
                taken.append(upload)
        return tuple(taken)

    @_transaction
    def renew(self, worker: str, upload_ids: Collection[str], *, until: datetime) -> None:
        for upload_id in upload_ids:
            holder, leased_until, attempts = self._jobs.get(upload_id, ("", None, 0))
            if holder == worker and leased_until is not None:
                self._jobs[upload_id] = (worker, until, attempts)

    @_transaction
    def release(self, worker: str, upload_id: str, *, put_off: PutOff | None = None) -> None:
        holder, leased_until, attempts = self._jobs.get(upload_id, ("", None, 0))
        if holder == worker and leased_until is not None:
            self._jobs[upload_id] = (worker, None, attempts - 1)
            if put_off is not None:
                times = self._put_off[upload_id][0] if upload_id in self._put_off else 0
                self._put_off[upload_id] = (times + 1, put_off_until(put_off.at, times), put_off)

    @_transaction
    def unsettled(self, upload_ids: Collection[str]) -> frozenset[str]:
        return frozenset(upload_ids) & {upload.id for upload in self.pending()}

    @_transaction
    def add_key(self, key: ApiKey) -> ApiKey:
        _refuse_twice("API key", key.id, self._keys)
        self._keys[key.id] = key
        return key

    def key(self, key_id: str) -> ApiKey | None:
        return self._keys.get(key_id)

    @_transaction
    def keys(self) -> tuple[ApiKey, ...]:
        return tuple(self._keys.values())

    @_transaction
    def revoke_key(self, key_id: str, *, at: datetime) -> ApiKey:
        if key_id not in self._keys:
            raise NotFound(f"no API key {key_id!r}")
        key = self._keys[key_id]
        self._keys[key_id] = replace(key, revoked_at=key.revoked_at or at)
        return self._keys[key_id]

    def ready(self) -> None:
        return

    def _versions(self, sku: str) -> list[int]:
        return sorted(version for name, version in self._goldens if name == sku)

    def _current(self, sku: str) -> int | None:
        return next((version for name, version in reversed(self._approvals) if name == sku), None)


def _refuse_twice(kind: str, record_id: str, kept: dict[str, Any]) -> None:
    if record_id in kept:
        raise Conflict(f"{kind} {record_id!r} exists already")


def _require_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as err:
        raise InputError(f"not valid Unicode text: {text!r}") from err
