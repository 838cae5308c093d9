"""The role's credentials, for one stream to Bedrock."""

import asyncio
from typing import Any, Self

from smithy_aws_core.identity import AWSCredentialsIdentity, AWSIdentityProperties
from smithy_core.aio.interfaces.identity import IdentityResolver

from runtime.cloud import Cloud


class StreamCredentials(IdentityResolver[AWSCredentialsIdentity, AWSIdentityProperties]):
    """Asks the role once, when a stream opens, and signs that stream's events with the answer.

    Pipecat takes keys as strings and reuses them for every later stream, which fails once the role's
    session is over.  The SDK asks before *every* event; the signature of an event continues that of the
    one before, so within one stream the key must stay.  botocore renews ten minutes ahead, a stream
    lives eight.
    """

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._identity: AWSCredentialsIdentity | None = None

    async def get_identity(self, *, properties: AWSIdentityProperties) -> AWSCredentialsIdentity:  # noqa: ARG002
        """Return the credentials of this stream.

        Raises:
            CredentialsError: There are none.
        """
        if self._identity is None:
            keys = await asyncio.to_thread(self._cloud.credentials)
            self._identity = AWSCredentialsIdentity(
                access_key_id=str(keys.access_key),
                secret_access_key=str(keys.secret_key),
                session_token=keys.token,
            )
        return self._identity

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Stay one: the SDK copies its configuration for each request."""
        return self
