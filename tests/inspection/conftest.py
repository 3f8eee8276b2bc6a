"""Real parts in a folder; products that are enrolled once for all who only score them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest

from bench import enrolled, parts_in, photo_of, sent
from pictures import board, plate
from visiqc.inspection.parts import Parts
from visiqc.storage.records import SqlRecords


@contextmanager
def opened(home: Path) -> Iterator[Parts]:
    made = parts_in(home)
    yield made
    cast("SqlRecords", made.records).close()


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    """Empty parts in this test's own folder."""
    with opened(tmp_path) as made:
        yield made


@pytest.fixture(scope="session")
def _stocked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("stocked") / "home"
    with opened(home) as made:
        boards = [sent(f"golden-{n}.jpg", photo_of(board(), n, 1 + 0.01 * n, noise=n)) for n in (0, 1)]
        enrolled("board", boards, made)
        enrolled("plate", [sent("golden.jpg", photo_of(plate()))], made)
    return home


@pytest.fixture(scope="session")
def shop(_stocked: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    """Parts in which a board (two photos of one view) and a plate are enrolled and approved; tests may only score."""
    with opened(Path(shutil.copytree(_stocked, tmp_path_factory.mktemp("shop") / "home"))) as made:
        yield made


@pytest.fixture
def own_shop(_stocked: Path, tmp_path: Path) -> Iterator[Parts]:
    """The same in this test's own folder, to do with as it likes."""
    with opened(Path(shutil.copytree(_stocked, tmp_path, dirs_exist_ok=True))) as made:
        yield made
