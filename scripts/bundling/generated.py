"""The code that `runtime.generated_code` brings compiled, as it was recorded while the agent's imports ran here."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

# What is generated follows from the classes alone, and the lock gives this machine the same ones as the bundle.
# In a process of its own, that has seen nothing else: see `packages.compile_folder`.
_PACK = """
import json, sys
from runtime.generated_code import pack
sys.stdout.buffer.write(pack(json.load(sys.stdin)))
"""


def generated_code(ours: Path, sources: Sequence[str]) -> bytes:
    """Return the content of `generated_code.bin` for the agent in the folder *ours*, compiled from *sources*."""
    done = subprocess.run(
        [sys.executable, "-B", "-c", _PACK],
        cwd=ours,
        env={"PYTHONHASHSEED": "0"},
        input=json.dumps(sources).encode(),
        capture_output=True,
        check=True,
    )
    return done.stdout
