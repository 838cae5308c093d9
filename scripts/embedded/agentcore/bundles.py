"""Deployed bundles, fetched from S3 and unpacked once each.

A bundle holds packages for arm64.  On such a machine everything is unpacked; elsewhere only our own
code is, and third-party packages come from the environment of this checkout, which the same lock made.
"""

import hashlib
import platform
import shutil
import threading
import zipfile
from pathlib import Path
from typing import Any

from scripts.embedded.agentcore.control import DeployedRuntime
from scripts.embedded.agentcore.errors import AgentError

OWN_CODE = ("main.py", "runtime/", "turn/")
"""What of the bundle is ours and runs on any processor."""


class Bundles:
    """Unpacked bundles below one folder.

    Args:
        client: A boto3 client of S3.
        folder: Where to unpack.
    """

    def __init__(self, client: Any, folder: Path) -> None:
        self._client = client
        self._folder = folder
        self._one_at_a_time = threading.Lock()

    def unpack(self, runtime: DeployedRuntime) -> Path:
        """Return the folder that holds the bundle of *runtime*.

        Raises:
            AgentError: The bundle has no entry point.
        """
        name = hashlib.sha256(f"{runtime.bucket}/{runtime.key}".encode()).hexdigest()[:16]
        target = self._folder / name
        with self._one_at_a_time:
            if not target.exists():
                self._fetch(runtime, target)
        if not (target / runtime.entry_point[0]).is_file():
            raise AgentError(
                f"The bundle s3://{runtime.bucket}/{runtime.key} has no {runtime.entry_point[0]}."
            )
        return target

    def _fetch(self, runtime: DeployedRuntime, target: Path) -> None:
        unfinished = target.with_suffix(".part")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        archive = unfinished.with_suffix(".zip")
        self._client.download_file(runtime.bucket, runtime.key, str(archive))
        with zipfile.ZipFile(archive) as bundle:
            bundle.extractall(unfinished, [name for name in bundle.namelist() if _runs_here(name)])
        archive.unlink()
        unfinished.rename(target)


def _runs_here(name: str) -> bool:
    native = platform.system() == "Linux" and platform.machine() == "aarch64"
    return native or name.startswith(OWN_CODE)
