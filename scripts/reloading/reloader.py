"""Keeps a deployment as its checkout is: what was saved is examined, bundled and deployed, or refused."""

import time
from collections.abc import Callable
from pathlib import Path

from scripts.bundling.bundle import make_bundle
from scripts.bundling.errors import BundleError
from scripts.commands.ending import in_words
from scripts.embedded.cdk import CdkError
from scripts.embedded.cloud import EmbeddedCloudError
from scripts.reloading.artifact import Artifact
from scripts.reloading.contents import Contents, Part, changed, part_of, read_contents
from scripts.reloading.errors import ReloadError

BUNDLE = Path("build/agent.zip")
"""In a checkout: where `cdk` deploys it from."""

NAMES_SHOWN = 3


class Reloader:
    """Deploys what was saved.

    Args:
        root: The checkout.
        artifact: The bundle behind the deployed agent.
        deploy_everything: Deploys every stack.
        deployed: What of the checkout is deployed now.
        tell: Given each line for the developer.
    """

    def __init__(
        self,
        root: Path,
        artifact: Artifact,
        deploy_everything: Callable[[], None],
        *,
        deployed: Contents,
        tell: Callable[[str], None],
    ) -> None:
        self._root = root
        self._artifact = artifact
        self._deploy_everything = deploy_everything
        self._deployed = deployed
        self._looked_at = deployed
        self._tell = tell

    def look(self) -> None:
        """Deploy what is not deployed; say what, and from when it counts, or why not."""
        now = read_contents(self._root)
        if not changed(self._looked_at, now):
            return
        self._looked_at = now
        names = changed(self._deployed, now)
        if not names:
            self._tell("All files are again as they are deployed.")
            return
        began = time.monotonic()
        self._tell(f"Saved: {_listed(names)}")
        try:
            self._renew({part_of(name) for name in names}, began)
        except (BundleError, ReloadError, CdkError, EmbeddedCloudError, OSError) as fault:
            # The last of them: a file that was there when the folder was read, and is replaced just now.
            self._tell(f"Refused; what was deployed before answers on.  {in_words(fault)}")
        else:
            self._deployed = now

    def _renew(self, parts: set[Part], began: float) -> None:
        """Deploy *parts*.

        Raises:
            BundleError: The agent is not fit for a bundle.
            ReloadError: CloudFormation did not take it.
            CdkError: Nor did it take the stacks.
            EmbeddedCloudError: A relay did not start.
            OSError: A file is not there any more, or the disk is full.
        """
        if Part.BRIDGE in parts:
            self._tell(
                "The bridge stays as it was started: end scripts/local and start it again for a new one."
            )
        bundle = self._root / BUNDLE
        record = make_bundle(self._root, bundle)  # it examines the agent, whatever is deployed
        if Part.EVERYTHING in parts:
            self._deploy_everything()
            what = "Every stack is"
        elif self._artifact.replace(bundle, record):
            what = "The agent is"
        else:
            return
        self._tell(
            f"{what} new after {time.monotonic() - began:.1f} s.  It counts for sessions that are opened from now on: "
            "reload a call page that is open."
        )


def _listed(names: list[str]) -> str:
    """Name a few."""
    more = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
