"""The agent that `scripts/bench coldstart` and `join` compare ours with: Pipecat and Nova Sonic, as documented.

Put together as Pipecat's AgentCore WebSocket example and its Nova Sonic example are, with their
defaults.  Two things differ, because the benchmark could not run otherwise: Bedrock's address, which
Pipecat hard-codes, and the port.  It runs in an environment of its own (`plain_requirements.txt`),
since the kit itself does not depend on `bedrock-agentcore`.
"""

import os

from aws_sdk_bedrock_runtime.client import AsyncBedrockRuntimeClient
from aws_sdk_bedrock_runtime.config import Config
from bedrock_agentcore import BedrockAgentCoreApp  # type: ignore[import-not-found]
from loguru import logger
from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import LLMRunFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.serializers.protobuf import ProtobufFrameSerializer
from pipecat.services.aws.nova_sonic.llm import AWSNovaSonicLLMService
from pipecat.services.llm_service import FunctionCallParams
from pipecat.transports.base_transport import BaseTransport
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport
from pipecat.workers.runner import WorkerRunner
from smithy_aws_core.identity.static import StaticCredentialsResolver
from starlette.websockets import WebSocket

app = BedrockAgentCoreApp()


class Sonic(AWSNovaSonicLLMService):
    """Pipecat's service, dialling the benchmark's Bedrock."""

    def create_client(self) -> AsyncBedrockRuntimeClient:
        """Return the client, as Pipecat makes it, with another address."""
        return AsyncBedrockRuntimeClient(
            config=Config(
                endpoint_uri=os.environ["BEDROCK_URL"],
                region=self._region,
                aws_access_key_id=self._access_key_id,
                aws_secret_access_key=self._secret_access_key,
                aws_session_token=self._session_token,
                aws_credentials_identity_resolver=StaticCredentialsResolver(),
            )
        )


async def order_status(params: FunctionCallParams) -> None:
    """Answer the tool call."""
    await params.result_callback({"status": "shipped"})


ORDER_STATUS = FunctionSchema(
    name="order_status",
    description="Look up the status of an order.",
    properties={"order_number": {"type": "string", "description": "The order's number."}},
    required=["order_number"],
)


async def run_bot(transport: BaseTransport) -> None:
    """Hold one conversation."""
    llm = Sonic(
        access_key_id=os.environ["AWS_ACCESS_KEY_ID"],
        secret_access_key=os.environ["AWS_SECRET_ACCESS_KEY"],
        session_token=os.environ.get("AWS_SESSION_TOKEN"),
        region=os.environ["AWS_REGION"],
        settings=AWSNovaSonicLLMService.Settings(
            voice="tiffany",
            system_instruction="You are a friendly assistant on the telephone. Keep your answers short.",
        ),
    )
    llm.register_function("order_status", order_status)
    context = LLMContext(tools=ToolsSchema(standard_tools=[ORDER_STATUS]))
    user_aggregator, assistant_aggregator = LLMContextAggregatorPair(
        context, user_params=LLMUserAggregatorParams(vad_analyzer=SileroVADAnalyzer())
    )
    pipeline = Pipeline([transport.input(), user_aggregator, llm, transport.output(), assistant_aggregator])
    worker = PipelineWorker(pipeline, params=PipelineParams(enable_metrics=True, enable_usage_metrics=True))

    @transport.event_handler("on_client_connected")  # type: ignore[untyped-decorator]
    async def on_client_connected(_transport: object, _client: object) -> None:
        logger.info("Client connected")
        context.add_message({"role": "developer", "content": "Please introduce yourself to the caller."})
        await worker.queue_frames([LLMRunFrame()])

    @transport.event_handler("on_client_disconnected")  # type: ignore[untyped-decorator]
    async def on_client_disconnected(_transport: object, _client: object) -> None:
        logger.info("Client disconnected")
        await worker.cancel()

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await runner.run()


@app.websocket  # type: ignore[untyped-decorator]
async def bot(websocket: WebSocket, _context: object) -> None:
    """Take one call."""
    await websocket.accept()
    transport = FastAPIWebsocketTransport(
        websocket=websocket,
        params=FastAPIWebsocketParams(
            audio_in_enabled=True, audio_out_enabled=True, serializer=ProtobufFrameSerializer()
        ),
    )
    await run_bot(transport)


if __name__ == "__main__":
    app.run(port=int(os.environ["PORT"]))
