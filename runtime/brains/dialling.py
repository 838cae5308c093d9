"""Opens streams to Nova Sonic: a client for each, signing as the role of this moment."""

import asyncio

from aws_sdk_bedrock_runtime.client import AsyncBedrockRuntimeClient
from aws_sdk_bedrock_runtime.config import Config
from aws_sdk_bedrock_runtime.models import InvokeModelWithBidirectionalStreamOperationInput
from smithy_core.retries import RetryStrategyOptions

from runtime.brains.credentials import StreamCredentials
from runtime.brains.stream import CONNECT_SECONDS, ClosableTransport, GuardedStream
from runtime.cloud import Cloud
from runtime.errors import StreamLostError
from runtime.settings.agent import RuntimeSettings


def client_for_one_stream(settings: RuntimeSettings, cloud: Cloud) -> AsyncBedrockRuntimeClient:
    """Return a client that signs with the credentials which *cloud* has when its stream opens."""
    return AsyncBedrockRuntimeClient(
        config=Config(
            endpoint_uri=settings.bedrock_url or f"https://bedrock-runtime.{settings.region}.amazonaws.com",
            region=settings.region,
            aws_credentials_identity_resolver=StreamCredentials(cloud),
            # The SDK's own retry would hand back a stream that nothing writes to.
            retry_strategy=RetryStrategyOptions(max_attempts=1),
            transport=ClosableTransport(),
        )
    )


async def dial(client: AsyncBedrockRuntimeClient, model_id: str) -> GuardedStream:
    """Open a stream on a client of its own.

    Raises:
        StreamLostError: Not within a few seconds.
        CredentialsError: There is nobody to open it as.
    """
    config = client._config  # noqa: SLF001
    # Asked here because the SDK waits for ever when its own question for credentials fails.
    await config.aws_credentials_identity_resolver.get_identity(properties={})
    model = InvokeModelWithBidirectionalStreamOperationInput(model_id=model_id)
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            stream = await client.invoke_model_with_bidirectional_stream(model)
    except TimeoutError as fault:
        raise StreamLostError(f"No stream to the model within {CONNECT_SECONDS:g} s.") from fault
    return GuardedStream(stream, config.transport)
