"""What the README and docs/ promise exists, and what exists is in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from visiqc import errors
from visiqc.cli.app import app
from visiqc.cli.exits import OUTCOME_CODES, code_of
from visiqc.domain.access import Role
from visiqc.domain.outcome import Outcome
from visiqc.domain.reasons import ReasonCode
from visiqc.service.errors import status_of
from visiqc.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
DOCS = {file.name: file.read_text() for file in (ROOT / "docs").glob("*.md")}
COMMANDS = DOCS["command-line.md"]


def subcommands(group: Any = None, path: str = "visiqc") -> Iterator[tuple[str, Any]]:
    """Every subcommand that does something, by the words that call it."""
    for name, command in (group or typer.main.get_command(app)).commands.items():
        if hasattr(command, "commands"):
            yield from subcommands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def options_of(command: Any) -> set[str]:
    return {
        opt
        for parameter in command.params
        for opt in (*parameter.opts, *parameter.secondary_opts)
        if opt.startswith("--")
    }


def all_errors(kind: type[errors.VisiQCError] = errors.VisiQCError) -> Iterator[type[errors.VisiQCError]]:
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:
            yield child
            yield from all_errors(child)


def test_the_python_in_the_readme_is_six_lines_and_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (snippet,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(snippet.splitlines()) == 6
    monkeypatch.setenv("VISIQC_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(ROOT)
    exec(compile(snippet, "README.md", "exec"), {})  # the claim is that these very lines run
    assert capsys.readouterr().out.strip() in set(Outcome)


@pytest.mark.parametrize(("path", "command"), list(subcommands()))
def test_every_subcommand_and_each_of_its_options_is_documented(path: str, command: Any) -> None:
    (usage,) = re.findall(rf"^{path}\b[^a-z].*$|^{path}$", COMMANDS, re.MULTILINE)
    assert options_of(command) - {"--help"} == set(re.findall(r"--[a-z-]+", usage))


def test_no_option_is_documented_that_does_not_exist() -> None:
    known = {option for _, command in subcommands() for option in options_of(command)} | {
        "--home",
        "--version",
        "--help",
    }
    spans = re.findall(r"`(visiqc [^`]*|--[a-z][^`]*)`", README + COMMANDS)
    named = {option for span in spans for option in re.findall(r"--[a-z-]+", span)}
    assert named <= known


@pytest.mark.parametrize("name", list(Settings.model_fields))
def test_every_setting_is_in_the_readme_with_its_default(name: str) -> None:
    (row,) = re.findall(rf"^\| `VISIQC_{name.upper()}` \| (.*?) \|", README, re.MULTILINE)
    default = Settings.model_fields[name].default
    assert row.strip("`") == f"{default:g}" if isinstance(default, float) else str(default) in row


@pytest.mark.parametrize("kind", list(all_errors()), ids=lambda kind: kind.__name__)
def test_every_error_is_documented_with_its_status_and_exit_code(kind: type[errors.VisiQCError]) -> None:
    row = f"| `{kind.__name__}` | {status_of(kind)} | {code_of(kind('x'))} | "
    assert row in DOCS["reasons.md"]


@pytest.mark.parametrize("code", ReasonCode)
def test_every_reason_code_is_documented(code: ReasonCode) -> None:
    assert f"| `{code}` | " in DOCS["reasons.md"]


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_is_in_the_readme_with_its_exit_code(outcome: Outcome) -> None:
    assert re.search(rf"^\| {outcome} \|.*\| {OUTCOME_CODES[outcome]} \|$", README, re.MULTILINE)


@pytest.mark.parametrize("role", Role)
def test_every_role_is_documented(role: Role) -> None:
    assert f"| `{role}` | " in DOCS["service.md"]


def test_every_endpoint_is_documented() -> None:
    from services import a_service

    for path, methods in a_service().app.openapi()["paths"].items():
        for method in methods:
            assert f"`{method.upper()} {path}`" in DOCS["service.md"]


@pytest.mark.parametrize("page", [ROOT / "README.md", *(ROOT / "docs").glob("*.md")], ids=lambda page: page.name)
def test_every_link_leads_to_a_file(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#:]+)(?:#[a-z-]+)?\)", page.read_text())
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_the_readme_opens_with_a_sentence_a_picture_and_the_two_commands() -> None:
    title, sentence, picture, *_ = README.split("\n\n")
    assert title == "# VisiQC"
    assert sentence.startswith("VisiQC ")
    assert picture.startswith("![")
    install, develop = re.findall(r"```sh\n(python3 -m venv .*)\n```", README)
    assert install.endswith("visiqc demo")
    assert develop.endswith("pytest")


def test_the_picture_of_a_verdict_is_small() -> None:
    assert (ROOT / "docs" / "verdict.jpg").stat().st_size <= 200_000
