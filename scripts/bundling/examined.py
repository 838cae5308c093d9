"""An agent that was seen to import, with tools that the model can call: nothing else gets into a bundle."""

import json
import subprocess
import sys
from pathlib import Path

from scripts.bundling.errors import BundleError

_PROGRAM = Path(__file__).with_name("examining.py")
_CHARACTERS = 1500
"""Of what is wrong, for the message."""


def examine(ours: Path) -> list[str]:
    """Return the sources that the imports of the agent in the folder *ours* generate.

    In a process of its own, that ends with everything it imported: an edited agent is examined again and again.

    Raises:
        BundleError: The agent cannot be imported, or a tool is wrong.
    """
    done = subprocess.run(
        [sys.executable, "-B", "-P", _PROGRAM],
        cwd=ours,
        env={"PYTHONHASHSEED": "0", "PYTHONPATH": str(ours)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BundleError(
            "The agent cannot be imported, or one of its tools is wrong, so no bundle was written.\n"
            + done.stderr.strip()[-_CHARACTERS:]
        )
    sources: list[str] = json.loads(done.stdout)
    return sources
