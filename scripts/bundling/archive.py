"""Zip entries that depend on nothing but a file's name and content, so that equal input gives equal bytes."""

import fcntl
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

EARLIEST_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
MADE_ON_UNIX = 3
READABLE_FILE = 0o100644  # AgentCore's user is not the one who built; it needs no right to write or execute
COMPRESSION_LEVEL = 6  # 9 takes three times as long for 1 % less


@contextmanager
def one_build_at_a_time(root: Path) -> Iterator[None]:
    """Hold the lock of the build: who comes second waits, and finds the work done."""
    cache = root / ".cache"
    cache.mkdir(exist_ok=True)
    with (cache / "bundle.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def unfinished_files(beside: Path) -> Iterator[Path]:
    """Give a folder for files that are renamed into place when they are complete.

    What a killed build left in it goes first, so the caller must hold the lock of the build.
    """
    folder = beside / ".unfinished"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def add_file(archive: ZipFile, name: str, content: bytes) -> None:
    """Append one file under fixed time, mode and system."""
    entry = ZipInfo(name, date_time=EARLIEST_ZIP_TIME)
    entry.create_system = MADE_ON_UNIX
    entry.external_attr = READABLE_FILE << 16
    entry.compress_type = ZIP_DEFLATED
    archive.writestr(entry, content, compresslevel=COMPRESSION_LEVEL)


def add_folder(archive: ZipFile, folder: Path, names: Iterable[str], *, below: str = "") -> None:
    """Append the files *names* (relative, with slashes) of *folder*, sorted, *below* a folder of the archive."""
    for name in sorted(names):
        add_file(archive, f"{below}{name}", (folder / name).read_bytes())
