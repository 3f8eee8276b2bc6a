from __future__ import annotations

from pathlib import Path

import pytest

from visiqc.settings import cache_folder


def test_the_cache_lies_outside_the_checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("VISIQC_CACHE", raising=False)
    assert cache_folder() == Path.home() / ".cache" / "visiqc"
    monkeypatch.setenv("VISIQC_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
