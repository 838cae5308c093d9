"""Where a stage answers calls, and what shows it who calls."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, HTTPClientError

from scripts.calling.door import Door
from scripts.calling.errors import CredentialsError, NotDeployedError
from scripts.calling.proof import Bearer, Proof, Signature
from scripts.embedded.phones import PhoneAccount
from turn.settings import ExternalTurnSettings, ManagedTurnSettings, turn_settings_from

CLIENT = Config(connect_timeout=5, read_timeout=20, retries={"total_max_attempts": 3, "mode": "standard"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """One deployed stage.

    Attributes:
        outputs: Of its stacks, by their names; `DoorUrl` and `LedgerTable` are among them.
        services_url: The embedded cloud's services; empty on AWS.
        relay_program: What relays on the embedded cloud; empty on AWS.
        phones: Its numbers that can be called from here, by provider.
        token: Says the token that the door lets in; none until somebody signs in, and where calls are signed.
    """

    stage: str
    region: str
    outputs: Mapping[str, str]
    session: boto3.Session
    services_url: str = ""
    relay_program: str = ""
    token: Callable[[], str] | None = field(default=None, repr=False)
    phones: Mapping[str, PhoneAccount] = field(default_factory=dict, repr=False)

    @classmethod
    def of_stage(
        cls, stage: str, session: boto3.Session, *, services_url: str = "", relay_program: str = ""
    ) -> Self:
        """Find a stage by asking CloudFormation.

        Raises:
            NotDeployedError: It is not there.
            CredentialsError: AWS does not know or does not trust the one who asks.
        """
        if not session.region_name:
            raise NotDeployedError(
                "No Region is chosen, so there is nowhere to look for the stage.  Pass --region or set AWS_REGION."
            )
        client = session.client("cloudformation", endpoint_url=services_url or None, config=CLIENT)
        outputs: dict[str, str] = {}
        for stack in ("Door", "Runtime"):
            outputs |= _outputs(client, f"Hotline-{stage}-{stack}", stage, session.region_name)
        return cls(
            stage=stage,
            region=session.region_name,
            outputs=outputs,
            session=session,
            services_url=services_url,
            relay_program=relay_program,
        )

    @property
    def emulated_relays(self) -> str:
        """What of its relays is emulated, in words; empty on AWS."""
        if not self.relay_program or "RelaySettings" not in self.outputs:
            return ""
        first = turn_settings_from(json.loads(self.outputs["RelaySettings"]))
        if isinstance(first, ExternalTurnSettings):
            return ""  # those of a third party are theirs
        managed = isinstance(first, ManagedTurnSettings)
        issuer = "Kinesis Video, which issues credentials, is emulated; " if managed else ""
        return f"{issuer}{self.relay_program} relays, on this machine"

    @property
    def takes_tokens(self) -> bool:
        """Whether callers show a token; otherwise they sign with AWS credentials."""
        return self.outputs.get("AuthKind", "iam") != "iam"

    def called_with(self, token: Callable[[], str]) -> Self:
        """Return the same stage, called with what *token* says."""
        return replace(self, token=token)

    def called_on(self, accounts: Iterable[PhoneAccount]) -> Self:
        """Return the same stage, with numbers that can be called."""
        return replace(self, phones={one.provider: one for one in accounts})

    def door(self) -> Door:
        """Return the door's client.

        Raises:
            CredentialsError: There is nothing to show it.
        """
        return Door(self.outputs["DoorUrl"], self._proof())

    def _proof(self) -> Proof:
        if self.takes_tokens:
            if self.token is None:
                raise CredentialsError("Nobody has signed in, so there is no token to call with.")
            return Bearer(self.token)
        credentials = self.session.get_credentials()
        if credentials is None:
            raise CredentialsError(_NO_CREDENTIALS)
        return Signature(self.region, credentials.get_frozen_credentials())

    def tables(self) -> Any:
        """Return a DynamoDB client of the deployment's account."""
        return self.session.client("dynamodb", endpoint_url=self.services_url or None, config=CLIENT)


_NO_CREDENTIALS = (
    "There are no AWS credentials, so the call cannot be signed.  Sign in (`aws sso login`), or set "
    "AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
)


def _outputs(client: Any, stack: str, stage: str, region: str) -> dict[str, str]:
    try:
        found = client.describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError as fault:
        error = fault.response["Error"]
        if error["Code"] == "ValidationError":
            raise NotDeployedError(
                f"Stage {stage!r} is not deployed in {region}: there is no stack {stack}.  Deploy it with "
                f"`cdk deploy --all -c stage={stage}`, or name another stage or Region."
            ) from fault
        raise CredentialsError(
            f"AWS refused to describe stack {stack} ({error['Code']}: {error['Message']})."
        ) from fault
    except (EndpointConnectionError, HTTPClientError) as fault:
        raise NotDeployedError(f"CloudFormation in {region} does not answer: {fault}") from fault
    except BotoCoreError as fault:
        raise CredentialsError(f"{fault}.  {_NO_CREDENTIALS}") from fault
    return {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", ())}
