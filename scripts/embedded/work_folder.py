"""The one folder that an embedded cloud writes to, removed with it or by the next one."""

import contextlib
import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PREFIX = "hotline-cloud-"
_LOCK = "in-use"


@contextmanager
def work_folder() -> Iterator[Path]:
    """Yield a new folder, and remove it at the end.

    Also removes what clouds that were killed left behind: their folders are there and nobody holds
    their lock.
    """
    for abandoned in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        _remove_if_abandoned(abandoned)
    with _claimed_folder() as folder:
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _claimed_folder() -> Iterator[Path]:
    """Make a folder and hold its lock; another one if a cloud that starts just now took it for abandoned."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        with (folder / _LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if (folder / _LOCK).exists():
                yield folder
                return


def _remove_if_abandoned(folder: Path) -> None:
    # OSError: its owner holds the lock, is just making or just removing it, or is another user.
    with contextlib.suppress(OSError), (folder / _LOCK).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
