"""A spoken call that judges the whole deployment: what was asked, heard, looked up and written down."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from runtime.door.bodies import WEBSOCKET
from runtime.door.session import Reason
from runtime.metrics import DIMENSION, NAMESPACE, TOOL_CALLS, TOOL_ERRORS, Metric
from scripts.calling.caller import Conversation
from scripts.calling.deployment import Deployment
from scripts.calling.errors import SpeechError, WrongAnswerError
from scripts.calling.figures import CallFigures
from scripts.calling.orders import Order, pick_order
from scripts.calling.path import RELAY, Path
from scripts.calling.phone_caller import caller_on
from scripts.calling.progress import Progress
from scripts.calling.voice import spoken
from scripts.embedded.speech import EngineError, Grammar, Speech

METRICS_SECONDS = 10
"""Longest wait for the agent's metrics; the data plane delivers logs once a second."""
METRICS_POLL_SECONDS = 0.2
METRICS_WINDOW = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A call that was right in every respect."""

    order: Order
    heard: str
    """The agent's audio, recognised back to text."""
    figures: CallFigures

    @property
    def evidence(self) -> Mapping[str, str]:
        """What the JSON report says beside the figures."""
        return {"order": self.order.number, "expected_status": self.order.status, "heard": self.heard}


async def rehearse(
    deployment: Deployment, metrics: Any, progress: Progress, *, transport: str = WEBSOCKET
) -> Verdict:
    """Ask for an order chosen at random, and check the answer, the tool and the ledger.

    Args:
        deployment: Of the embedded cloud.
        metrics: Its `cloudwatch` client.
        progress: Shows the steps, and knows which one failed.
        transport: Which of the door's.

    Raises:
        CallError: Something is not as it should be; the message says what.
    """
    with progress.step("Choose an order"):
        order = pick_order(deployment.tables(), deployment.outputs["OrdersTable"])
    with progress.step("Make the caller's speech"):
        speech = await spoken(order.question)
    called_before = await asyncio.to_thread(_total, metrics, TOOL_CALLS, deployment.stage)
    with progress.step(f"Call over {transport} and ask: “{order.question}?”"):
        conversation = await caller_on(deployment, transport).call(speech, said=order.question)
    with progress.step("Recognise what the agent said"):
        greeting, heard = await recognise(conversation)
    progress.note(f"  heard: “{greeting}” … “{heard}”")
    with progress.step("Compare it with the orders table"):
        check_greeting(greeting)
        order.check(heard)
    with progress.step("Check that the tool was called"):
        await _check_tool(conversation, metrics, deployment.stage, called_before)
    with progress.step("Check the ledger"):
        _check_ledger(conversation.figures)
    if path := conversation.figures.path:
        with progress.step("Check the path of the audio"):
            check_path(path)
    return Verdict(order=order, heard=heard, figures=conversation.figures)


async def recognise(conversation: Conversation) -> tuple[str, str]:
    """Turn the agent's greeting and answer back into words.

    Raises:
        SpeechError: The recogniser failed.
    """
    try:
        async with Speech() as engines:
            greeting, answer = [
                await engines.recognise(said.pcm, said.sample_rate, Grammar.ANSWERS)
                for said in (conversation.greeting, conversation.answer)
            ]
    except EngineError as fault:
        raise SpeechError(f"What the agent said cannot be recognised: {fault}") from fault
    return greeting, answer


def check_greeting(heard: str) -> None:
    """Make sure that the agent greeted before it was asked anything.

    Raises:
        WrongAnswerError: It did not.
    """
    if not heard.startswith("hello"):
        raise WrongAnswerError(
            f"The agent should have said hello first, but the caller understood {heard!r}."
        )


def check_path(path: Path) -> None:
    """Make sure that the audio went where the deployment's policy lets it go, and arrived.

    Raises:
        WrongAnswerError: It did not.
    """
    if path.policy == RELAY and not path.relayed:
        raise WrongAnswerError(
            f"The door lets callers use relays only, and the call went from {path.local_type} to "
            f"{path.remote_type} without one.  A caller behind a firewall would have heard nothing."
        )
    if not path.packets_received:
        raise WrongAnswerError("The path has no packets of the agent's, so its loss and jitter are unknown.")


async def _check_tool(conversation: Conversation, metrics: Any, stage: str, called_before: float) -> None:
    """Take two witnesses: what the agent told the caller's client, if it did, and the metric that it published."""
    if conversation.figures.tool_calls == 0:
        raise WrongAnswerError("The agent answered without calling its tool, so the answer was a guess.")
    deadline = time.monotonic() + METRICS_SECONDS
    while await asyncio.to_thread(_total, metrics, TOOL_CALLS, stage) <= called_before:
        if time.monotonic() > deadline:
            raise WrongAnswerError(
                f"The agent answered, but its metric {TOOL_CALLS.name} did not move within {METRICS_SECONDS} s: "
                "either no tool was called or it was not counted.  Its log says which."
            )
        await asyncio.sleep(METRICS_POLL_SECONDS)
    if await asyncio.to_thread(_total, metrics, TOOL_ERRORS, stage):
        raise WrongAnswerError("A tool call failed; the agent's log says why.")


def _total(metrics: Any, metric: Metric, stage: str) -> float:
    now = datetime.now(UTC)
    answer = metrics.get_metric_statistics(
        Namespace=NAMESPACE,
        MetricName=metric.name,
        Dimensions=[{"Name": DIMENSION, "Value": stage}],
        StartTime=now - METRICS_WINDOW,
        EndTime=now + METRICS_WINDOW,
        Period=int(2 * METRICS_WINDOW.total_seconds()),
        Statistics=["Sum"],
    )
    return float(sum(point["Sum"] for point in answer["Datapoints"]))


def _check_ledger(figures: CallFigures) -> None:
    if figures.reason != Reason.HANG_UP:
        raise WrongAnswerError(
            f"The ledger says that the call ended with {figures.reason!r}, although the caller hung up in peace."
        )
    heard = figures.speech_input_tokens or figures.text_input_tokens  # a cascade's model reads and writes
    said = figures.speech_output_tokens or figures.text_output_tokens
    if not (heard and said and figures.cost_usd):
        raise WrongAnswerError("The ledger has no tokens or no cost for the call, so nobody could bill it.")
