"""Which state of the code a report is about."""

import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from scripts.reporting.errors import ReportError


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A commit, and whether what was looked at is that commit."""

    commit: str
    at: datetime
    """When it was committed: a report goes by no clock of its own."""
    altered: tuple[str, ...] = ()
    """Files that are not as they were committed."""

    @property
    def words(self) -> str:
        """Name it for a reader."""
        return f"{self.commit[:12]} of {self.at:%Y-%m-%d %H:%M} UTC"


def revision(root: Path) -> Revision:
    """Return the state of the checkout *root*.

    Raises:
        ReportError: It is none of git's, so nobody could look at the same.
    """
    commit, seconds = _git(root, "log", "-1", "--format=%H %ct").split()
    status = _git(root, "status", "--porcelain", "--untracked-files=all")
    return Revision(
        commit=commit,
        at=datetime.fromtimestamp(int(seconds), UTC),
        altered=tuple(sorted(line[3:] for line in status.splitlines())),
    )


def _git(root: Path, *words: str) -> str:
    try:
        done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as fault:
        said = fault.stderr.strip() if isinstance(fault, subprocess.CalledProcessError) else str(fault)
        raise ReportError(
            f"{root} is no checkout of git, so no report could say what it is about; clone the repository.  git said: {said}"
        ) from fault
    return done.stdout
