"""Make an instance the relay that it was started to be: its address, its secret, its configuration.

Runs before coturn at every boot, as root.
"""

import logging
import subprocess
import time
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

from turn.coturn import settings as relay_settings
from turn.coturn.metadata import Metadata, MetadataError
from turn.coturn.render import FOLDER, Version, configuration, render
from turn.coturn.secrets_table import DATABASE, fetch_secrets, store_secrets
from turn.coturn.settings import InstanceSettings

log = logging.getLogger(__name__)

FILES = Path("/etc/hotline")
"""Where turnserver.conf, host.nft and the certificate are; coturn's account may read them, nobody else."""

TAKEN = "Resource.AlreadyAssociated"
# How often it is asked whether the address is free: EC2's API is shared by all of the account.
CLAIM_POLL_SECONDS = 5.0
# After a relay was told to end, its calls may go on this much longer than its settings say: to be told, to stop.
CLAIM_MARGIN_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Itself:
    """What this instance is."""

    instance_id: str
    private_ip: IPv4Address
    address: IPv4Address
    address_id: str
    name: str

    @classmethod
    def from_metadata(cls, metadata: Metadata) -> "Itself":
        """Ask the metadata service."""
        return cls(
            instance_id=metadata.read("instance-id"),
            private_ip=IPv4Address(metadata.read("local-ipv4")),
            address=IPv4Address(metadata.tag(relay_settings.ADDRESS_TAG)),
            address_id=metadata.tag(relay_settings.ADDRESS_ID_TAG),
            name=metadata.tag(relay_settings.NAME_TAG),
        )


def claim_address(ec2: Any, itself: Itself, *, patience_seconds: float) -> None:
    """Attach the relay's own Elastic IP address to this instance.

    A predecessor keeps it while its last calls end.  One that has not given it up after *patience_seconds* is
    broken, and loses it.
    """
    deadline = time.monotonic() + patience_seconds
    while True:
        patient = time.monotonic() < deadline
        try:
            ec2.associate_address(
                AllocationId=itself.address_id,
                InstanceId=itself.instance_id,
                AllowReassociation=not patient,
            )
        except ClientError as fault:
            if not patient or fault.response["Error"]["Code"] != TAKEN:
                raise
            time.sleep(CLAIM_POLL_SECONDS)
        else:
            return


def write_configuration(
    settings: InstanceSettings,
    itself: Itself,
    version: Version,
    folder: Path = FILES,
    database: Path = DATABASE,
) -> None:
    """Write what coturn and nft read."""
    values = {
        "PRIVATE_IP": str(itself.private_ip),
        "PUBLIC_IP": str(itself.address),
        "REALM": settings.realm,
        "RELAY_PORTS_FIRST": str(settings.relay_ports_first),
        "RELAY_PORTS_LAST": str(settings.relay_ports_last),
        "TOTAL_QUOTA": str(settings.relay_ports_last - settings.relay_ports_first + 1),
        "SECRET": "",
        "SECRETS_DATABASE": str(database),
        "CERTIFICATE": str(folder / "certificate.pem") if settings.tls else "",
        "PRIVATE_KEY": str(folder / "private.key") if settings.tls else "",
    }
    (folder / "turnserver.conf").write_text(configuration(version, values))
    (folder / "host.nft").write_text(render((FOLDER / "host.nft").read_text(), values))


def installed_version() -> Version:
    """Return the version of coturn that is installed; what it prints ends with it."""
    said = subprocess.run(["turnserver", "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(int(part) for part in said.split()[-1].split("."))


def boot(
    settings: InstanceSettings, metadata: Metadata, *, folder: Path = FILES, database: Path = DATABASE
) -> Itself:
    """Do everything that comes before coturn, in an order that can be repeated."""
    session = boto3.Session(region_name=settings.region)
    itself = Itself.from_metadata(metadata)
    if not has_address(metadata, itself):
        claim_address(
            session.client("ec2", endpoint_url=settings.services_url),
            itself,
            patience_seconds=settings.drain_seconds + CLAIM_MARGIN_SECONDS,
        )
    vault = session.client("secretsmanager", endpoint_url=settings.services_url)
    store_secrets(fetch_secrets(vault, settings.secret_arn), realm=settings.realm, database=database)
    write_configuration(settings, itself, installed_version(), folder, database)
    return itself


def has_address(metadata: Metadata, itself: Itself) -> bool:
    """Whether the address is here already, as after a reboot."""
    try:
        return metadata.read("public-ipv4") == str(itself.address)
    except MetadataError:
        return False


def main() -> int:
    """Run once per boot; any failure keeps coturn from starting, and the alarm tells."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    itself = boot(InstanceSettings.from_file(), Metadata())
    log.info("relay %s at %s is configured", itself.name, itself.address)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
