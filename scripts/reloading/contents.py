"""What of a checkout is deployed, and which part of it must be deployed again for a file."""

import hashlib
from collections.abc import Iterable, Mapping
from enum import Enum
from pathlib import Path

WATCHED = ("runtime", "turn", "stacks", "app.py", "cdk.json")
"""Folders and files that a deployment is made from."""

_BEYOND_THE_AGENT = (
    "app.py",
    "cdk.json",
    "runtime/__init__.py",
    "runtime/clock.py",
    "runtime/door/",
    "runtime/errors.py",
    "runtime/metrics.py",
    "runtime/settings/",
    "stacks/",
    "turn/",
)
"""What the door's functions, the call page or the templates are made from, too."""

_BRIDGE = "runtime/bridge/"

_NEVER = ("__pycache__", "node_modules")

type Contents = Mapping[str, str]
"""Hash of each file, by its path below the checkout."""


class Part(Enum):
    """What is deployed again for a file, quickest first."""

    AGENT = "the agent"
    EVERYTHING = "every stack"
    BRIDGE = "the bridge"
    """Which is no part of a deployment here: a server of the embedded cloud runs it."""


def part_of(name: str) -> Part:
    """Say what must be deployed again when the file *name* has changed."""
    if name.startswith(_BRIDGE):
        return Part.BRIDGE
    return Part.EVERYTHING if name.startswith(_BEYOND_THE_AGENT) else Part.AGENT


def read_contents(root: Path) -> Contents:
    """Hash all that is deployed from the checkout *root*."""
    found = {}
    for file in _files(root):
        try:
            found[file.relative_to(root).as_posix()] = hashlib.sha256(file.read_bytes()).hexdigest()
        except (
            OSError
        ):  # an editor replaces files: it is there again in a moment, which is a change of its own
            continue
    return found


def changed(before: Contents, now: Contents) -> list[str]:
    """Name the files that are new, gone, or not as they were."""
    return sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))


def is_deployed(name: str) -> bool:
    """Say whether a path below the checkout is one that a deployment is made from, not what an editor keeps beside it."""
    parts = Path(name).parts
    hidden = any(part.startswith(".") or part in _NEVER for part in parts)
    return not hidden and not name.endswith(("~", ".pyc", ".tmp")) and parts[0] in WATCHED


def _files(root: Path) -> Iterable[Path]:
    for name in WATCHED:
        path = root / name
        if path.is_file():
            yield path
        for folder, folders, files in path.walk():
            folders[:] = [one for one in folders if one not in _NEVER]
            yield from (
                folder / one for one in files if is_deployed((folder / one).relative_to(root).as_posix())
            )
