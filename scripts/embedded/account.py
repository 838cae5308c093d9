"""The account on an embedded cloud, as its deployer reaches it."""

from typing import Any

import boto3.session

from scripts.embedded.address import REGION, Ports
from scripts.embedded.clients import make_client, make_session
from scripts.embedded.handed import PlatformKeys
from scripts.embedded.identity import Identity


class Account:
    """Whoever opened the account, with keys that were made up for them.

    Args:
        ports: Where the cloud is.
    """

    def __init__(self, ports: Ports) -> None:
        self.ports = ports
        self._keys = PlatformKeys.make()

    @property
    def environment(self) -> dict[str, str]:
        """What a program needs in its environment to find this cloud instead of AWS."""
        url = self.ports.endpoints()["services"]
        return {
            "AWS_ENDPOINT_URL": url,
            "AWS_ENDPOINT_URL_S3": url,
            "AWS_ACCESS_KEY_ID": self._keys.access_key,
            "AWS_SECRET_ACCESS_KEY": self._keys.secret,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    @property
    def identity(self) -> Identity:
        """Whose keys are whose."""
        return Identity(url=self.ports.endpoints()["services"], token=self._keys.token)

    def client(self, service: str) -> Any:
        """Return a boto3 client of this cloud, with the deployer's keys."""
        return make_client(
            service,
            url=self.ports.endpoints()["agentcore" if service == "bedrock-agentcore" else "services"],
            region=REGION,
            access_key=self._keys.access_key,
            secret=self._keys.secret,
        )

    def session(self) -> boto3.session.Session:
        """Return a boto3 session with the deployer's keys."""
        return make_session(region=REGION, access_key=self._keys.access_key, secret=self._keys.secret)

    def stacks(self) -> list[str]:
        """Return the names of the stacks that are there."""
        described = self.client("cloudformation").describe_stacks()["Stacks"]
        return [one["StackName"] for one in described]

    def outputs(self, stack: str) -> dict[str, str]:
        """Return the outputs of one stack."""
        (found,) = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        return {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])}
