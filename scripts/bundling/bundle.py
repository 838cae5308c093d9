"""Put the bundle together: the layer of packages, then our own code, then the check against AgentCore's limits."""

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

from scripts.bundling import examined, generated
from scripts.bundling.archive import add_file, one_build_at_a_time, unfinished_files
from scripts.bundling.errors import BundleError
from scripts.bundling.packages import compile_folder, find_or_build_layer, has_bytecode, layer_key
from stacks.bundle_record import BundleRecord

MB = 1_000_000
# Source: Quotas for Amazon Bedrock AgentCore, "Direct code deployment package size".  AWS may mean
# MiB; the smaller reading is the safe one.
LARGEST_ZIP_BYTES = 250 * MB
LARGEST_UNPACKED_BYTES = 750 * MB

OUR_FOLDERS = ("runtime", "turn")
PAGE_FOLDER = Path("runtime/door/page")
"""What a browser loads: no part of the agent."""
ENTRY_POINT = b'''\
"""What AgentCore starts."""
from runtime.main import main
raise SystemExit(main())
'''
"""`main.py` of the bundle.  It must do nothing else: everything with a name is in `runtime`."""


def make_bundle(root: Path, bundle: Path) -> BundleRecord:
    """Bring *bundle* up to date with the lock and our code; do nothing if it is.

    Raises:
        BundleError: Nothing was written; an older bundle is left as it was.
    """
    made_from = fingerprint(root)
    if (record := BundleRecord.of(bundle)) and record.made_from == made_from:
        return record
    with one_build_at_a_time(root):
        if (record := BundleRecord.of(bundle)) and record.made_from == made_from:
            return record
        record = _build(root, bundle, made_from)
        record.write(bundle)
        return record


def fingerprint(root: Path) -> str:
    """Identify everything that decides about the bytes of the bundle."""
    digest = hashlib.sha256(layer_key(root).encode())
    recipes = [Path(__file__).with_name(f"{one}.py") for one in ("examined", "examining", "generated")]
    for file in (Path(__file__), *recipes, *our_files(root)):
        digest.update(f"\0{file.name}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def our_files(root: Path) -> list[Path]:
    """List the files of ours that the agent is made of."""
    found = (file for folder in OUR_FOLDERS for file in (root / folder).rglob("*"))
    page = root / PAGE_FOLDER
    return sorted(
        file
        for file in found
        if file.is_file() and "__pycache__" not in file.parts and not file.is_relative_to(page)
    )


def _build(root: Path, bundle: Path, made_from: str) -> BundleRecord:
    layer = find_or_build_layer(root)
    with unfinished_files(bundle.parent) as apart:
        unfinished = Path(shutil.copyfile(layer, apart / bundle.name))
        with ZipFile(unfinished, "a") as archive:
            for name, content in _our_entries(root, apart):
                add_file(archive, name, content)
            unpacked = sum(entry.file_size for entry in archive.infolist())
        check_limits(zip_bytes=unfinished.stat().st_size, unpacked_bytes=unpacked)
        with unfinished.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        unfinished.rename(bundle)
    now = bundle.stat()
    return BundleRecord(
        made_from=made_from,
        sha256=sha256,
        zip_bytes=now.st_size,
        unpacked_bytes=unpacked,
        modified_ns=now.st_mtime_ns,
        bytecode=has_bytecode(),
    )


def _our_entries(root: Path, apart: Path) -> Iterator[tuple[str, bytes]]:
    ours = apart / "ours"
    for file in our_files(root):
        copy = ours / file.relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
    # Before byte-code is there, so that importing cannot depend on it.
    sources = examined.examine(ours)
    if has_bytecode():
        (ours / "runtime/generated_code.bin").write_bytes(generated.generated_code(ours, sources))
        compile_folder(ours)
    for file in sorted(one for one in ours.rglob("*") if one.is_file()):
        yield file.relative_to(ours).as_posix(), file.read_bytes()
    yield "main.py", ENTRY_POINT


def check_limits(*, zip_bytes: int, unpacked_bytes: int) -> None:
    """Refuse what AgentCore would refuse minutes later, in the middle of a deployment.

    Raises:
        BundleError: The bundle is too large.
    """
    for what, actual, allowed in (
        ("zipped", zip_bytes, LARGEST_ZIP_BYTES),
        ("unpacked", unpacked_bytes, LARGEST_UNPACKED_BYTES),
    ):
        if actual > allowed:
            raise BundleError(
                f"The bundle takes {actual / MB:.0f} MB {what}, and AgentCore takes at most {allowed / MB:.0f} MB, "
                "so no bundle was written. Remove a dependency, or name one that the agent never imports in "
                "LEFT_OUT of scripts/bundling/packages.py."
            )
