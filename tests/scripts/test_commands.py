"""What every command in scripts/ owes to whoever typed it, whatever it does."""

import argparse
import asyncio
import importlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from rich.table import Table

from scripts.commands import __main__ as entry
from scripts.commands.arguments import base_port, new_file, number
from scripts.commands.asynchronous import run_until_told
from scripts.commands.ending import INTERRUPTED, ended, interrupt_on
from scripts.commands.screen import new_console

ROOT = Path(__file__).resolve().parents[2]
PYTESTS_OWN = "test"
"""Hands everything to pytest, its --help, too."""
COMMANDS = sorted(
    path.name
    for path in (ROOT / "scripts").iterdir()
    if path.is_file() and "." not in path.name and path.name not in {"setup", PYTESTS_OWN}
)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_explains_itself_under_the_name_that_is_typed(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """`--help` is the first thing that is typed, and what it shows is typed next."""
    module = importlib.import_module(f"scripts.commands.{name.replace('-', '_')}")
    monkeypatch.setattr("sys.argv", ["whatever", "--help"])

    with pytest.raises(SystemExit) as left:
        module.main()

    said = capsys.readouterr().out
    assert left.value.code == 0
    assert said.startswith(f"usage: scripts/{name} ")
    assert module.__doc__.splitlines()[0].split()[0] in said


def test_ctrl_c_ends_a_command_that_still_imports(monkeypatch: pytest.MonkeyPatch):
    """Some import for a second; whoever mistyped does not wait for that, and learns nothing from a traceback."""

    def interrupted(_name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("sys.argv", ["scripts.commands", "call"])
    monkeypatch.setattr(importlib, "import_module", interrupted)

    assert entry.main() == INTERRUPTED


def test_a_reader_who_wants_no_more_is_no_fault():
    """`scripts/load --help | head` ends without a word, as every Unix command does."""
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "scripts.commands", "metrics_table", "--help"]
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}

    done = subprocess.run(
        command, cwd=ROOT, env=buffered, stdout=writer, stderr=subprocess.PIPE, text=True, check=False
    )

    os.close(writer)
    assert (done.returncode, done.stderr) == (entry.READER_GONE, "")


@pytest.mark.parametrize(
    ("fault", "code", "said"),
    [
        (LookupError("Nothing is there."), 2, "try: Nothing is there.\n"),
        (
            FileNotFoundError(2, "No such file or directory", "x.json"),
            3,
            "try: x.json: No such file or directory.\n",
        ),
        (OSError(28, "No space left on device"), 3, "try: No space left on device.\n"),
        (KeyboardInterrupt(), INTERRUPTED, "try: hung up.\n"),
    ],
)
def test_what_is_in_the_way_is_said_in_a_sentence(
    fault: BaseException, code: int, said: str, capsys: pytest.CaptureFixture[str]
):
    """A script tells them apart by the code, a person by the words; nobody by a traceback."""

    def work() -> int:
        raise fault

    assert ended("try", work, {LookupError: 2, OSError: 3}, interrupted="hung up.") == code
    assert capsys.readouterr().err == said


def test_what_nobody_foresaw_is_not_hidden():
    """A fault of ours must look like one."""

    def work() -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ended("try", work, {OSError: 1})


def test_a_second_ctrl_c_does_not_disturb_the_tidying_up():
    """Who presses it twice would be left with half a cloud."""
    before = signal.getsignal(signal.SIGUSR1)
    try:
        interrupt_on(signal.SIGUSR1)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGUSR1)
        signal.raise_signal(signal.SIGUSR1)
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_sigterm_ends_what_waits_as_ctrl_c_does():
    """A cancelled pipeline hangs up, and does not leave a call that is paid for."""
    tidied = []

    async def call() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.Event().wait()
        finally:
            tidied.append("hung up")

    with pytest.raises(KeyboardInterrupt):
        run_until_told(call())

    assert tidied == ["hung up"]


def test_a_result_that_could_not_be_written_is_refused_before_the_work(tmp_path: Path):
    """Not after a thousand calls."""
    assert new_file(str(tmp_path / "new.json")) == tmp_path / "new.json"
    with pytest.raises(argparse.ArgumentTypeError, match="is in no folder that is there; make"):
        new_file(str(tmp_path / "nowhere" / "new.json"))
    with pytest.raises(argparse.ArgumentTypeError, match="is a folder"):
        new_file(str(tmp_path))


@pytest.mark.parametrize("text", ["0", "65530", "-1", "a", "4566.0", ""])
def test_a_port_that_cannot_be_the_first_of_seven_is_refused(text: str):
    """65,535 is the last there is."""
    with pytest.raises(argparse.ArgumentTypeError, match="is not a whole number from 1 to 65529"):
        base_port(text)


@pytest.mark.parametrize("text", ["nan", "inf", "-0.1", "100.1", "much"])
def test_a_number_that_is_none_is_refused(text: str):
    """`nan` is a number to Python, and passes every comparison that is not looked at."""
    with pytest.raises(argparse.ArgumentTypeError, match="is not a number from 0 to 100"):
        number(float, 0, 100)(text)


def test_the_last_possible_port_is_taken():
    assert base_port("65529") == 65529


def test_a_pipelines_log_gets_whole_tables(capsys: pytest.CaptureFixture[str]):
    """Without a terminal a table would be cut to 80 columns, and with it the figures that the run was for."""
    columns = Table(*(f"column {number}" for number in range(10)))
    columns.add_row(*("1234567.89" for _ in range(10)))

    new_console().print(columns)

    assert capsys.readouterr().out.count("1234567.89") == 10
