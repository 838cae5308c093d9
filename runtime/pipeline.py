"""The pipeline of a call: the caller's audio in, the brain, its audio out, and the context they share."""

from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.transports.base_transport import BaseTransport

from runtime.brains.brain import Brain, CallTool
from runtime.tools.tool import Tool
from runtime.tools.toolbox import Toolbox

GREETING = "The caller has just been connected. Greet them in one short sentence and offer your help."


def build_pipeline(
    transport: BaseTransport, brain: Brain, toolbox: Toolbox, call_tool: CallTool
) -> PipelineWorker:
    """Return what runs the pipeline between *transport* and *brain*; *call_tool* runs tools of *toolbox*."""
    context = LLMContext([{"role": "user", "content": GREETING}], tools=[_schema(tool) for tool in toolbox])
    brain.use_tools(call_tool)
    caller, agent = LLMContextAggregatorPair(context, user_params=brain.turns())
    stages = [transport.input(), *brain.hearing, caller, *brain.answering, transport.output(), agent]
    return PipelineWorker(Pipeline(stages), idle_timeout_secs=None, enable_turn_tracking=False)


def _schema(tool: Tool) -> FunctionSchema:
    return FunctionSchema(
        name=tool.name,
        description=tool.description,
        properties=dict(tool.parameters),
        required=list(tool.parameters),
    )
