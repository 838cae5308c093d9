"""What the stack tells every relay of a stage; what differs between relays is in their tags."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

SETTINGS_FILE = Path("/etc/hotline/relay.json")

HOOK = "hotline-drain"
"""The lifecycle hook in which a relay that was told to end waits for its calls."""

ADDRESS_TAG = "hotline-address"
ADDRESS_ID_TAG = "hotline-address-id"
NAME_TAG = "hotline-name"
RESOURCE_TAG = "hotline-resource"
REBOOT_TAG = "hotline-reboot-time"


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceSettings:
    """Written into user data by the stack, and read from there; no secret is among it."""

    stage: str
    stack: str
    region: str
    realm: str
    secret_arn: str
    relay_ports_first: int
    relay_ports_last: int
    drain_seconds: int
    """How long calls may go on after a relay was told to end."""
    tls: bool
    """Whether the relay's name is in DNS, so that it can have a certificate."""
    services_url: str | None = None
    """Where AWS answers when it is not AWS."""

    @classmethod
    def from_file(cls, file: Path = SETTINGS_FILE) -> Self:
        """Read what the stack wrote."""
        return cls(**json.loads(file.read_text()))

    def to_json(self) -> str:
        """Return what `from_file` reads."""
        return json.dumps(asdict(self), indent=1)
