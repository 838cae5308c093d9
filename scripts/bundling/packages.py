"""Third-party packages as uv.lock pins them, for arm64, with byte-code, as a zip in .cache.

Only the first build for a lock needs the network.
"""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from zipfile import ZipFile

from scripts.bundling.archive import add_folder, unfinished_files
from scripts.bundling.errors import BundleError

# stacks/parts deploys PYTHON_3_13, for the agent and for the door's functions: one compiler serves both.
AGENT_PYTHON = (3, 13)
# AgentCore and Lambda run on Amazon Linux 2023 (glibc 2.34); `loudness` has no wheel older than manylinux_2_28.
AGENT_PLATFORM = "aarch64-manylinux_2_28"

# Packages that stay out, with what only they need, and what they are for.  tests/bundle holds a call
# without them.  botocore keeps the 14 MB of services that nobody calls yet: a deployer's tools will.
LEFT_OUT = {
    "docopt": "the command line of num2words, which Pipecat's speech services import; it has no wheel",
    "onnxruntime": "runs Silero and smart-turn; Nova Sonic and Transcribe say when a turn ends (56 MB)",
    "openai": "types of Pipecat's context, and a brain that is not ours",
    "soundfile": "background music, and Pipecat's evaluations",
}
# Parts of kept packages that only their developers need, or that need a package left out above.
PRUNED = (
    "*.a", "*.c", "*.h", "*.onnx", "*.pxd", "*.pyi", "*.pyx", "*/tests/*", "bin/*", "*/__pycache__/*",
    "*.dist-info/INSTALLER", "*.dist-info/RECORD", "*.dist-info/REQUESTED", "*.dist-info/WHEEL",
    "*.dist-info/direct_url.json", "*.dist-info/uv_*", ".lock",
)  # fmt: skip
LAYERS_KEPT = 3  # so that going back to a branch with another lock costs nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Packages:
    """A part of the lock that is packed into a zip of its own."""

    name: str
    exported: tuple[str, ...]
    """What `uv export` is told to choose by."""
    folder: str = ""
    """Where they are in the zip; ends with a slash."""
    services: frozenset[str] | None = None
    """Of AWS, that botocore shall know; None leaves it all 430."""


AGENT_PACKAGES = Packages(
    name="packages",
    exported=("--no-default-groups", *(word for name in LEFT_OUT for word in ("--prune", name))),
)


def has_bytecode() -> bool:
    """Tell whether this Python can compile for the agent's: byte-code is only good for one minor version."""
    return sys.version_info[:2] == AGENT_PYTHON


def layer_key(root: Path) -> str:
    """Identify the layer: what is pinned, how it is packed, and by which compiler."""
    recipes = [root / "uv.lock", *(Path(__file__).with_name(name) for name in ("packages.py", "archive.py"))]
    compiler = sys.version if has_bytecode() else "no byte-code"
    return hashlib.sha256(
        b"\0".join([*(one.read_bytes() for one in recipes), compiler.encode()])
    ).hexdigest()[:16]


def find_or_build_layer(root: Path, packages: Packages = AGENT_PACKAGES) -> Path:
    """Return the zip of *packages*, made now if .cache does not hold it.

    The caller must hold the lock of the build.

    Raises:
        BundleError: The packages could not be fetched or compiled.
    """
    layer = root / ".cache/bundle" / f"{packages.name}-{layer_key(root)}.zip"
    if layer.exists():
        layer.touch()
        return layer
    with unfinished_files(layer.parent) as apart:
        site = apart / "site"
        _install(root, site, packages)
        if has_bytecode():
            compile_folder(site)
        unfinished = apart / layer.name
        with ZipFile(unfinished, "w") as archive:
            add_folder(archive, site, shipped(site, packages.services), below=packages.folder)
        unfinished.rename(layer)
    for old in sorted(layer.parent.glob(f"{packages.name}-*.zip"), key=lambda one: one.stat().st_mtime)[
        :-LAYERS_KEPT
    ]:
        old.unlink()
    return layer


def _install(root: Path, site: Path, packages: Packages) -> None:
    """Unpack exactly the wheels that the lock names, checked against its hashes, into *site*."""
    python = ".".join(map(str, AGENT_PYTHON))
    requirements = site.with_suffix(".txt")
    _uv(root, packages, "export", "--frozen", *packages.exported, "--output-file", str(requirements))
    _uv(
        root,
        packages,
        *("pip", "install", "--target", str(site), "--requirement", str(requirements)),
        *("--require-hashes", "--no-deps", "--only-binary", ":all:"),
        *("--python-platform", AGENT_PLATFORM, "--python-version", python),
    )


def shipped(site: Path, services: frozenset[str] | None) -> Iterator[str]:
    """Name the files of *site* that belong into the bundle, of AWS's services those about *services*."""
    for folder, _, files in os.walk(site):
        for file in files:
            name = Path(folder, file).relative_to(site).as_posix()
            if services is not None and _service(name) not in (None, *services):
                continue
            ours = fnmatch(name, "*.cpython-*.pyc") and not fnmatch(name, "*/tests/*") and name[:4] != "bin/"
            if ours or not any(fnmatch(name, pattern) for pattern in PRUNED):
                yield name


def _service(name: str) -> str | None:
    """Return the service that the file *name* of botocore's describes, if it describes one."""
    match name.split("/"):
        case ["botocore", "data", service, _version, _file]:
            return service
        case _:
            return None


def compile_folder(folder: Path) -> None:
    """Write byte-code that Python trusts unread: unpacking changes the times that it would compare.

    In one process, in the order of the names: what a compiler has seen before shows in the bytes that it
    writes next (marshal marks strings that somebody else holds), and equal input must give equal bytes.

    Raises:
        BundleError: A file does not compile.
    """
    done = subprocess.run(
        [
            *(sys.executable, "-S", "-m", "compileall", "-q", "-x", "/tests/", "-s", str(folder)),
            *("--invalidation-mode", "unchecked-hash", str(folder)),
        ],
        env={"PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BundleError(
            f"A file does not compile, so no bundle was written.\n{done.stdout.strip()[-1500:]}"
        )


def _uv(root: Path, packages: Packages, *arguments: str) -> None:
    command = ["uv", *arguments, "--quiet", "--no-python-downloads", "--no-progress"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BundleError(
            f"`uv {' '.join(arguments[:2])}` failed, so the packages that uv.lock names for "
            f"{AGENT_PLATFORM} are not at hand. Only their first build needs the network: run this once with "
            f"access to PyPI, or copy .cache/bundle/{packages.name}-{layer_key(root)}.zip from a machine that has it.\n"
            f"{done.stderr.strip()[-1500:]}"
        )
