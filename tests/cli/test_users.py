"""`visiqc user`: people are added, listed and disabled, and passwords never stand on a command line."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from commands import Ran, run_command
from serving import VISIQC

PASSWORD = "correct horse battery"


class User:
    """`visiqc user …` with a line on stdin."""

    def __init__(self, patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._patch, self._capsys = patch, capsys

    def __call__(self, *arguments: str, stdin: str = "") -> Ran:
        self._patch.setattr(sys, "stdin", io.StringIO(stdin))
        return run_command(self._patch, self._capsys, "user", *arguments)

    def add(self, name: str = "Ana", role: str = "inspector", password: str = PASSWORD) -> Ran:
        return self("add", name, "--role", role, "--password-stdin", stdin=f"{password}\n")


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> User:
    monkeypatch.setenv("VISIQC_HOME", str(tmp_path / "home"))
    return User(monkeypatch, capsys)


def test_a_user_is_added_listed_and_disabled(user: User) -> None:
    assert user.add().out == "Ana (inspector) may log in.\n"
    assert user.add("Bo", "lead").code == 0
    first, second = user("list").out.splitlines()
    assert first.startswith("inspector")
    assert first.endswith("may log in                     Ana")
    assert second.endswith("Bo")
    first_disabled = user("disable", "ANA")
    assert (first_disabled.code, first_disabled.err) == (0, "")
    assert "disabled 20" in user("list").out.splitlines()[0]


def test_disabling_the_last_user_and_revoking_the_last_key_warns(
    user: User, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    user.add()
    token = run_command(monkeypatch, capsys, "key", "create", "--name", "gate", "--role", "lead").out
    assert user("disable", "ana").err == "", "the key still works"
    revoked = run_command(monkeypatch, capsys, "key", "revoke", token.split("_")[1])
    assert "nobody may log in any more" in revoked.err
    user.add("Bo")
    assert "visiqc serve --open-access" in user("disable", "bo").err


def test_without_users_the_list_says_how_to_add_one(user: User) -> None:
    assert "visiqc user add" in user("list").err


@pytest.mark.parametrize(
    ("password", "why"), [("short", "12 to 1024"), ("Inspector Ana", "the user's name"), ("", "12")]
)
def test_a_password_that_cannot_be_used_exits_3(user: User, password: str, why: str) -> None:
    ran = user.add("inspector ana", password=password)
    assert ran.code == 3
    assert why in ran.err


def test_a_name_that_is_taken_exits_4_and_one_that_is_not_there_too(user: User) -> None:
    user.add()
    assert user.add("ana").code == 4
    assert user("disable", "nobody").code == 4
    assert user("password", "nobody", "--password-stdin", stdin=PASSWORD).code == 4


def test_a_new_password_is_set_and_a_disabled_user_stays_so(user: User) -> None:
    user.add()
    assert "new password" in user("password", "ana", "--password-stdin", stdin="staple battery horse\n").out
    user("disable", "ana")
    assert "stays so" in user("password", "ana", "--password-stdin", stdin="staple battery horse\n").err


def test_without_a_terminal_the_password_is_not_asked_for(user: User) -> None:
    ran = user("add", "Ana", "--role", "lead")
    assert ran.code == 3
    assert "--password-stdin" in ran.err


def test_on_a_terminal_the_password_is_asked_twice_and_never_shown(user: User) -> None:
    ours, theirs = pty.openpty()
    command = [*VISIQC, "user", "add", "Ana", "--role", "lead"]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True) as process:
        os.close(theirs)
        shown = b""
        for _ in range(2):
            while not shown.endswith(b": "):
                shown += os.read(ours, 1024)
            os.write(ours, f"{PASSWORD}\n".encode())
            shown += os.read(ours, 1)
        while b"may log in" not in shown:
            shown += os.read(ours, 1024)
        assert process.wait(20) == 0
    os.close(ours)
    assert PASSWORD.encode() not in shown
