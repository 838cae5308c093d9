"""CloudFormation as the CDK reaches it: by its deploy role, where the deployer may take that."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from scripts.deploying.asking import IDENTITY, Asking
from scripts.deploying.place import Place
from scripts.deploying.stacks import StackName, is_absent

# The role's own longest session is an hour (bootstrap template); half of it is left for what takes long.
RENEWED_AFTER_SECONDS = 1_800.0

GONE = "DELETE_COMPLETE"
FAILED = "DELETE_FAILED"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that CloudFormation did."""

    event_id: str
    resource: str
    kind: str
    status: str
    reason: str


class Deployer:
    """Deletes stacks, and tells what CloudFormation says meanwhile.

    Whoever may deploy with the CDK may take its deploy role and often no more; who may not take it uses their own
    rights, as the CDK does.

    Args:
        place: Where the stage is.
        clock: Says the time, in seconds.
    """

    def __init__(self, place: Place, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._place = place
        self._clock = clock
        self._clients: dict[str, tuple[Any, float]] = {}

    def find(self, name: str, region: str) -> Any:
        """Return what CloudFormation says of a stack, by its name or its id; None where there is none.

        Raises:
            ClientError: It does not tell.
        """
        try:
            return self._client(region).describe_stacks(StackName=name)["Stacks"][0]
        except ClientError as fault:
            if is_absent(fault):
                return None
            raise

    def delete(self, stack: StackName) -> None:
        """Have CloudFormation begin.

        Raises:
            ClientError: It refuses.
        """
        self._client(stack.region).delete_stack(StackName=stack.name)

    def events(self, stack_id: str, region: str) -> Iterator[Event]:
        """Go through what happened to a stack, newest first.

        Raises:
            ClientError: CloudFormation does not tell.
        """
        for page in self._client(region).get_paginator("describe_stack_events").paginate(StackName=stack_id):
            for one in page["StackEvents"]:
                yield Event(
                    event_id=one["EventId"],
                    resource=one["LogicalResourceId"],
                    kind=one["ResourceType"],
                    status=one["ResourceStatus"],
                    reason=one.get("ResourceStatusReason", ""),
                )

    def _client(self, region: str) -> Any:
        client, made_at = self._clients.get(region, (None, 0.0))
        if client is None or self._clock() - made_at > RENEWED_AFTER_SECONDS:
            client = self._place.client(
                "cloudformation", region=region, credentials=self._deploy_role(region)
            )
            self._clients[region] = client, self._clock()
        return client

    def _deploy_role(self, region: str) -> dict[str, str] | None:
        """Return keys of the CDK's deploy role, or None where the deployer may not take it or there is none."""
        try:
            me = Asking(self._place).ask(IDENTITY)
            partition, account = me["Arn"].split(":")[1], me["Account"]
            role = f"arn:{partition}:iam::{account}:role/cdk-hnb659fds-deploy-role-{account}-{region}"
            keys = self._place.client("sts", region=region).assume_role(
                RoleArn=role, RoleSessionName="hotline-destroy"
            )["Credentials"]
        except (ClientError, BotoCoreError):
            return None
        return {
            "aws_access_key_id": keys["AccessKeyId"],
            "aws_secret_access_key": keys["SecretAccessKey"],
            "aws_session_token": keys["SessionToken"],
        }
