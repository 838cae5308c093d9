"""The pipeline of a call: the caller's audio in, the model, its audio out, and the context they share."""

from collections.abc import Awaitable, Callable

from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.services.llm_service import FunctionCallParams
from pipecat.transports.base_transport import BaseTransport
from pipecat.turns.user_start import ExternalUserTurnStartStrategy
from pipecat.turns.user_stop import ExternalUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies

from runtime.brains.sonic import Sonic
from runtime.tools.tool import Tool
from runtime.tools.toolbox import Toolbox

GREETING = "The caller has just been connected. Greet them in one short sentence and offer your help."

type CallTool = Callable[[FunctionCallParams], Awaitable[None]]


def build_pipeline(
    transport: BaseTransport, sonic: Sonic, toolbox: Toolbox, call_tool: CallTool
) -> PipelineWorker:
    """Return what runs the pipeline between *transport* and *sonic*; *call_tool* runs tools of *toolbox*."""
    context = LLMContext([{"role": "user", "content": GREETING}], tools=[_schema(tool) for tool in toolbox])
    sonic.register_function(None, call_tool, cancel_on_interruption=False)
    # Nova Sonic takes the turns; Pipecat's default would load a 46 MB model to take them again.
    turns = UserTurnStrategies(
        start=[ExternalUserTurnStartStrategy()],
        stop=[ExternalUserTurnStopStrategy(wait_for_transcript=False)],
    )
    caller, agent = LLMContextAggregatorPair(
        context, user_params=LLMUserAggregatorParams(user_turn_strategies=turns)
    )
    stages = [transport.input(), caller, sonic, transport.output(), agent]
    return PipelineWorker(Pipeline(stages), idle_timeout_secs=None, enable_turn_tracking=False)


def _schema(tool: Tool) -> FunctionSchema:
    return FunctionSchema(
        name=tool.name,
        description=tool.description,
        properties=dict(tool.parameters),
        required=list(tool.parameters),
    )
