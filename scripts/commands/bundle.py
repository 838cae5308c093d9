"""Make build/agent.zip, the arm64 bundle that AgentCore runs, and the layers of the door, without Docker.

Says nothing when nothing is to do, because `cdk` runs it before every synth.
"""

import argparse
import sys
from pathlib import Path

from scripts.bundling.bundle import LARGEST_UNPACKED_BYTES, LARGEST_ZIP_BYTES, MB, make_bundle
from scripts.bundling.errors import BundleError
from scripts.bundling.layers import make_layers
from scripts.commands.ending import ended
from stacks.bundle_record import BundleRecord

ROOT = Path(__file__).resolve().parents[2]
BUNDLE = ROOT / "build/agent.zip"

NO_BYTECODE = (
    "bundle: this environment's Python is not 3.13, so the bundle holds no byte-code: it works, but each new "
    "session compiles for some seconds before it answers. Install Python 3.13, remove .venv and run "
    "scripts/setup."
)


def main() -> int:
    """Run `scripts/bundle`."""
    parser = argparse.ArgumentParser(prog="scripts/bundle", description=__doc__)
    parser.add_argument("--check", action="store_true", help="print sizes, limits and hash")
    options = parser.parse_args()
    return ended("bundle", lambda: _make(check=options.check), {BundleError: 1, OSError: 1})


def _make(*, check: bool) -> int:
    before = BundleRecord.of(BUNDLE)
    record = make_bundle(ROOT, BUNDLE)
    make_layers(ROOT, BUNDLE.parent)
    if record != before and not record.bytecode:
        print(NO_BYTECODE, file=sys.stderr)
    if check:
        print(_description(record))
    return 0


def _description(record: BundleRecord) -> str:
    return "\n".join(
        (
            f"{BUNDLE.relative_to(ROOT)}  sha256 {record.sha256}",
            f"zipped    {record.zip_bytes / MB:6.1f} MB of {LARGEST_ZIP_BYTES / MB:.0f}",
            f"unpacked  {record.unpacked_bytes / MB:6.1f} MB of {LARGEST_UNPACKED_BYTES / MB:.0f}",
            f"byte-code {'yes' if record.bytecode else 'none'}",
        )
    )
