"""Look after a relay while it runs: report it, follow rotations of its secret, end it without ending calls.

Runs beside coturn, as root, from boot to the end of the instance.
"""

import logging
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from turn.coturn import metrics
from turn.coturn import settings as relay_settings
from turn.coturn.boot import FILES, Itself
from turn.coturn.metadata import Metadata, MetadataError
from turn.coturn.metrics import Increase
from turn.coturn.secrets_table import DATABASE, fetch_secrets, store_secrets
from turn.coturn.settings import InstanceSettings

log = logging.getLogger(__name__)

RELAY_UNIT = "hotline-relay.service"
TERMINATED = "Terminated"

LIFECYCLE_POLL_SECONDS = 5.0
REPORT_SECONDS = 60.0
SILENT_REPORTS = 3
"""After so many minutes without an answer, coturn is started again."""


@dataclass(slots=True)
class Warden:
    """One relay, and what its role may call."""

    settings: InstanceSettings
    itself: Itself
    metadata: Metadata
    session: Any
    """A `boto3.Session`, whose `client` no type checker can call with a name that is not written out."""
    folder: Path = FILES
    database: Path = DATABASE
    _increase: Increase = field(default_factory=lambda: Increase(metrics.dropped()))
    _silent: int = 0
    _told: bool = False

    def run(self) -> None:
        """Return when the instance is told to end, and no call runs on it any more."""
        report_at = time.monotonic()
        while not self.shall_end():
            if time.monotonic() >= report_at:
                report_at += REPORT_SECONDS
                self.round()
            time.sleep(LIFECYCLE_POLL_SECONDS)
        self.drain()

    def shall_end(self) -> bool:
        """Whether the auto-scaling group wants this instance to go."""
        try:
            return self.metadata.read("autoscaling/target-lifecycle-state") == TERMINATED
        except MetadataError as fault:
            log.warning("%s", fault)
            return False

    def round(self) -> None:
        """Do what is due once a minute; what fails is due again in the next."""
        for duty in (self.follow_rotation, self.watch, self.tell_stack, self.report):
            try:
                duty()
            except (BotoCoreError, ClientError, OSError, subprocess.SubprocessError) as fault:
                log.warning("%s: %s: %s", duty.__name__, type(fault).__name__, fault)

    def follow_rotation(self) -> None:
        """Have coturn believe what Secrets Manager holds now."""
        secrets = fetch_secrets(self._client("secretsmanager"), self.settings.secret_arn)
        if store_secrets(secrets, realm=self.settings.realm, database=self.database):
            log.info("the shared secret was rotated")

    def watch(self) -> None:
        """Start coturn again when it has ceased to answer."""
        if metrics.answers(str(self.itself.private_ip)):
            self._silent = 0
            return
        self._silent += 1
        if self._silent >= SILENT_REPORTS:
            log.error("coturn has not answered for %d minutes, and is started again", self._silent)
            self._silent = 0
            subprocess.run(["systemctl", "kill", "--signal=KILL", RELAY_UNIT], check=True)

    def tell_stack(self) -> None:
        """Tell CloudFormation, once, that coturn answers: the next relay may be replaced."""
        if self._told or self._silent:
            return
        self._told = True
        try:
            self._client("cloudformation").signal_resource(
                StackName=self.settings.stack,
                LogicalResourceId=self.metadata.tag(relay_settings.RESOURCE_TAG),
                UniqueId=self.itself.instance_id,
                Status="SUCCESS",
            )
        except ClientError as fault:
            # The usual case after a reboot, or when the group replaced a broken relay: nobody waits.
            log.info("the stack waits for no signal: %s", fault)

    def report(self) -> None:
        """Publish figures, of a relay that answers: silence is what the alarm listens for."""
        if self._silent:
            return
        first, last = self.settings.relay_ports_first, self.settings.relay_ports_last
        values: dict[str, float] = {metrics.ALLOCATIONS: metrics.allocations(first, last)}
        values |= self._increase.since(metrics.dropped())
        if self.settings.tls:
            values[metrics.CERTIFICATE_DAYS] = metrics.certificate_days(self.folder / "certificate.pem")
        metrics.publish(self._client("cloudwatch"), self.settings.stage, values)

    def drain(self) -> None:
        """Let running calls end, for as long as the unit's settings say, and the instance go."""
        log.info("told to end: no new calls, running ones may finish")
        # systemd asks coturn to drain, waits, and ends what is left (hotline-relay.service).
        subprocess.run(["systemctl", "stop", RELAY_UNIT], check=True)
        self._client("autoscaling").complete_lifecycle_action(
            LifecycleHookName=relay_settings.HOOK,
            AutoScalingGroupName=self.metadata.tag("aws:autoscaling:groupName"),
            InstanceId=self.itself.instance_id,
            LifecycleActionResult="CONTINUE",
        )

    def _client(self, service: str) -> Any:
        return self.session.client(service, endpoint_url=self.settings.services_url)


def main() -> int:
    """Run until the instance ends."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    settings, metadata = InstanceSettings.from_file(), Metadata()
    session = boto3.Session(region_name=settings.region)
    Warden(settings, Itself.from_metadata(metadata), metadata, session).run()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
