"""The code that `runtime.generated_code` brings compiled: recorded while the agent's imports run here."""

import subprocess
import sys
from pathlib import Path

from scripts.bundling.errors import BundleError

# What is generated follows from the classes alone, and the lock gives this machine the same ones as the bundle.
_RECORD = """
import dataclasses, json, sys
from runtime import preload
sources = set()
def run(source, *namespaces):
    sources.add(source)
    exec(source, *namespaces)
dataclasses.exec = run
preload.import_call()
json.dump(sorted(sources), sys.stdout)
"""
# In a process of its own, that has seen nothing else: see `packages.compile_folder`.
_PACK = """
import json, sys
from runtime.generated_code import pack
sys.stdout.buffer.write(pack(json.load(sys.stdin)))
"""


def generated_code(ours: Path) -> bytes:
    """Return the content of `generated_code.bin` for the agent in the folder *ours*.

    Raises:
        BundleError: The agent cannot be imported.
    """
    return _python(_PACK, ours, _python(_RECORD, ours, b""))


def _python(program: str, ours: Path, given: bytes) -> bytes:
    done = subprocess.run(
        [sys.executable, "-B", "-c", program],
        cwd=ours,
        env={"PYTHONHASHSEED": "0"},
        input=given,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise BundleError(
            "The agent cannot be imported, so no bundle was written.\n"
            + done.stderr.decode(errors="replace").strip()[-1500:]
        )
    return done.stdout
