"""What the command itself promises, whatever the subcommand."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import visiqc as package
from commands import Run
from visiqc.cli import app as assembled

HEAVY = ["numpy", "cv2", "pydantic", "sqlalchemy", "fastapi", "onnxruntime", "PIL", "rich", "jinja2", "alembic"]


def test_help_lists_every_subcommand(visiqc: Run) -> None:
    ran = visiqc("--help")
    assert ran.code == 0
    for name in ("demo", "golden", "score", "evaluate", "serve", "key"):
        assert f"  {name} " in ran.out


def test_help_imports_nothing_heavy() -> None:
    code = f"import visiqc.cli.app, sys; print([name for name in {HEAVY} if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_the_version_is_the_packages(visiqc: Run) -> None:
    assert visiqc("--version").out == f"visiqc {package.__version__}\n"


def test_an_unknown_subcommand_is_a_usage_error(visiqc: Run) -> None:
    assert visiqc("scoer").code == 2


def test_an_impossible_setting_is_a_usage_error_that_names_it(visiqc: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISIQC_DEVICE", "abacus")
    ran = visiqc("golden", "list")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("visiqc: VISIQC_DEVICE=abacus:")


def test_an_error_is_one_sentence_without_a_traceback(visiqc: Run) -> None:
    ran = visiqc("golden", "show", "no-such-product")
    assert ran.code == 4
    assert ran.err.startswith("visiqc: ")
    assert ran.err.count("\n") == 1


def test_debugging_shows_the_traceback(visiqc: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISIQC_DEBUG", "1")
    assert "Traceback" in visiqc("golden", "show", "no-such-product").err


def test_ctrl_c_exits_130(visiqc: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(assembled, "app", interrupted)
    assert visiqc().code == 130


def test_the_home_option_is_the_home(visiqc: Run, tmp_path: Path) -> None:
    assert visiqc("--home", tmp_path / "elsewhere", "golden", "list").code == 0
    assert [entry.name for entry in tmp_path.iterdir()] == ["elsewhere"]


def test_a_home_that_is_a_file_is_unavailable(visiqc: Run, tmp_path: Path) -> None:
    (tmp_path / "visiqc-home").write_text("not a folder")
    ran = visiqc("golden", "list")
    assert ran.code == 5
    assert "Traceback" not in ran.err
