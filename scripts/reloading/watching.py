"""Hears of files that are written, from the kernel, and looks at everything else twice a second."""

from collections.abc import Iterator
from pathlib import Path

import watchfiles

from scripts.reloading.contents import WATCHED, is_deployed

LOOK_MILLISECONDS = 500
"""Between two looks at what no file tells: whether the servers still run."""

GROUP_MILLISECONDS = 400
"""Longest wait for more files after the first: an editor, or git, writes several at once."""


def written_files(root: Path, logs: Path) -> Iterator[set[Path]]:
    """Yield files of the checkout *root* and of the folder *logs* as they are written, or none after each look.

    Both are given as the kernel names them, without a link on the way.

    Raises:
        KeyboardInterrupt: This program is to end.
    """
    folders = [path for path in (root / name for name in WATCHED) if path.is_dir()]
    # A watch of a single file is lost when an editor replaces the file.
    files = [path for path in (root / name for name in WATCHED) if not path.is_dir()]
    before = _state(files)

    def is_wanted(_change: watchfiles.Change, path: str) -> bool:
        file = Path(path)
        return file.is_relative_to(logs) or is_deployed(file.relative_to(root).as_posix())

    for changes in watchfiles.watch(
        *folders,
        logs,
        watch_filter=is_wanted,
        debounce=GROUP_MILLISECONDS,
        rust_timeout=LOOK_MILLISECONDS,
        yield_on_timeout=True,
    ):
        now = _state(files)
        single = {path for path, state in now.items() if before.get(path) != state}
        before = now
        yield {Path(path) for _, path in changes} | single


def _state(files: list[Path]) -> dict[Path, tuple[int, int]]:
    found = {}
    for path in files:
        try:
            about = path.stat()
        except FileNotFoundError:  # an editor is just replacing it
            continue
        found[path] = (about.st_mtime_ns, about.st_size)
    return found
