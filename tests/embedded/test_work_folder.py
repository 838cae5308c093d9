"""Where an embedded cloud keeps its files, beside others that start and end."""

import fcntl

import pytest

from scripts.embedded import work_folder as module
from scripts.embedded.work_folder import work_folder


@pytest.fixture(autouse=True)
def _temporary_files_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr(module.tempfile, "tempdir", str(tmp_path))


def test_a_cloud_that_starts_at_the_same_moment_takes_nothing_away(tmp_path, monkeypatch):
    """It sweeps between the making of a folder and its lock: to it, that folder looks abandoned."""
    lock, swept = fcntl.flock, []

    def sweep_first(file, operation):
        if not swept:
            swept.extend(tmp_path.iterdir())
            module._remove_if_abandoned(*swept)
        lock(file, operation)

    monkeypatch.setattr(module.fcntl, "flock", sweep_first)

    with work_folder() as folder:
        assert folder.exists()
        assert folder not in swept

    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_cloud_left_is_removed_and_what_another_uses_is_not(tmp_path):
    """No disk may fill up, and no cloud may lose its files to the next."""
    abandoned = tmp_path / f"{module._PREFIX}killed"
    abandoned.mkdir()
    (abandoned / module._LOCK).touch()

    with work_folder() as used, work_folder() as other:
        assert not abandoned.exists()
        assert used.exists()
        assert other.exists()
