"""`scripts/test` on suites that fail in one way or another, run by the real pytest."""

import os

import pytest

from scripts.commands import test

STARVED = """
from pathlib import Path

def test_once():
    tried = Path("tried")
    again = tried.exists()
    tried.touch()
    assert again
"""
BROKEN = "import pytest\n@pytest.mark.parametrize('n', range({count}))\ndef test_never(n): assert n < 0\n"
SOUND = "def test_always(): pass\n"


@pytest.mark.parametrize(
    ("suite", "code", "runs"),
    [
        (SOUND, 0, 1),
        (SOUND + STARVED, 0, 2),
        (SOUND + BROKEN.format(count=1), 1, 2),
        (BROKEN.format(count=test.MOST_STARVED + 1), 1, 1),
    ],
    ids=["sound", "starved", "broken", "broken all over"],
)
def test_only_what_fails_twice_has_failed(tmp_path, capfd, suite, code, runs):
    """A machine that is too busy for speech in real time is no fault; a fault is one on an idle machine, too."""
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_suite.py").write_text(suite)
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}

    assert test.run_whole((), plain, tmp_path) == code

    said = capfd.readouterr().out
    assert said.count("test session starts") == runs
    assert ("run once more, alone:" in said) is (runs == 2)
    if runs == 2:
        assert said.count("test_suite.py::test_always") == 0
