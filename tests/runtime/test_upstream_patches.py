"""The patches that are offered upstream still fit what is installed: a library that moved on needs another look."""

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path

import pytest

OFFERED = Path(__file__).resolve().parents[2] / "docs/upstream"
PATCHES = sorted(OFFERED.glob("*.patch"))
SOURCE = re.compile(r"^diff --git a/src/(\w+)/(\S+)", re.MULTILINE)


def test_every_patch_is_explained_and_every_explanation_has_its_patch():
    """A reader of the table finds the file, and nobody finds a file without its reason."""
    explained = re.findall(r"\]\(([\w-]+\.patch)\)", (OFFERED / "README.md").read_text())

    assert sorted(explained) == [patch.name for patch in PATCHES]


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.stem)
def test_a_patch_fits_the_locked_version(patch, tmp_path):
    """What no longer fits was changed or mended upstream: then our own answer may go, or must be looked at."""
    offered = patch.read_text()
    changed = SOURCE.findall(offered)
    for package, file in changed:
        copy = tmp_path / "src" / package / file
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(Path(importlib.util.find_spec(package).origin).parent / file, copy)

    done = subprocess.run(
        ["git", "apply", "--include=src/*", patch], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert changed
    assert "diff --git a/tests/test_" in offered, "it has a test of its own"


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.stem)
def test_a_patch_has_a_message_that_its_reviewers_can_take(patch):
    """A subject of one line, reasons below it, and nobody's real address."""
    head, _, _ = patch.read_text().partition("\n---\n")
    _, _, subject, _, *reasons = head.split("\n")[1:]

    assert re.fullmatch(r"Subject: \[PATCH\] [A-Z].{10,70}", subject)
    assert len(reasons) > 3
    assert "From: Hotline maintainers <maintainers@hotline.invalid>" in head
