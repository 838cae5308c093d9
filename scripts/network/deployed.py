"""The whole deployment in the laboratory: the agent and its cloud in the VPC, the page at the caller's."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.browsing.sign_in import open_signed_in
from scripts.browsing.tab import Tab
from scripts.bundling.bundle import make_bundle
from scripts.bundling.layers import make_layers
from scripts.embedded.cloud import EmbeddedCloud
from scripts.network.front import Front
from scripts.network.laboratory import Laboratory
from scripts.network.relay import Relay
from scripts.webpage.build import make_page

ROOT = Path(__file__).resolve().parents[2]
BUNDLE = ROOT / "build" / "agent.zip"
PAGE = ROOT / "build" / "page"
STAGE = "embedded"
ISSUER_WEB_PORT = 8444
"""Where the issuer is on the laboratory's Internet; on the caller's machine it keeps its own port, as the page does."""

CREDENTIAL_SECONDS = 8 * 3600
"""The laboratory's relay stands in the secret of a third party's, whose password does not change."""


@dataclass(frozen=True, slots=True)
class Deployed:
    """What can be called."""

    cloud: EmbeddedCloud
    url: str
    """The page, as the caller's machine sees it; it may use the microphone there."""

    async def open_in(self, tab: Tab, *, before_call: str = "path") -> None:
        """Load the page and sign in; it has *before_call* ready before anybody presses Call."""
        await open_signed_in(tab, f"{self.url}&before_call={before_call}")


@contextmanager
def deployed(
    laboratory: Laboratory, relay: Relay, progress: Callable[[str], None] = print
) -> Iterator[Deployed]:
    """Deploy stage `embedded` in the agent's machine for the block, with *relay* as its external relays.

    This thread is in the agent's machine meanwhile: so is every process that it starts, and the cloud's
    loopback is that machine's own.

    Raises:
        BundleError: The agent's bundle or the door's layers cannot be made.
        CdkError: The deployment failed.
        EmbeddedCloudError: A server does not start.
        PageError: The page cannot be made.
    """
    # Each may ask a package index, which the agent's machine cannot reach.
    make_bundle(ROOT, BUNDLE)
    make_layers(ROOT, BUNDLE.parent)
    make_page(ROOT, PAGE)
    with laboratory["agent"].entered(), EmbeddedCloud(progress=progress) as cloud:
        with cloud.trust_file.open("a") as trusted:
            trusted.write(relay.certificates.ca_file.read_text())
        cloud.deploy(STAGE, {"turn": _external(cloud, relay)})
        url = cloud.serve_page(STAGE)
        with (
            Front(laboratory, cloud.ports.page),
            Front(laboratory, cloud.ports.issuer, web_port=ISSUER_WEB_PORT),
        ):
            yield Deployed(cloud, f"{url}/?transport=webrtc")


def _external(cloud: EmbeddedCloud, relay: Relay) -> dict[str, str]:
    _, server = asyncio.run(relay.ice_servers.issue("laboratory", CREDENTIAL_SECONDS))
    key = {"urls": list(server.urls), "username": server.username, "credential": server.credential}
    secret = cloud.client("secretsmanager").create_secret(
        Name="laboratory-relay", SecretString=json.dumps(key)
    )
    return {"kind": "external", "provider": "static", "secret_arn": secret["ARN"]}
