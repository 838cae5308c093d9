"""Runs the tools that the agent may call: by deadline, counted, and with an answer in every case."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from runtime.metrics import MILLISECONDS, TOOL_CALLS, TOOL_ERRORS, TOOL_LATENCY, MetricWriter
from runtime.tools.tool import Answer, Tool

SORRY: Answer = {"problem": "This cannot be looked up right now. Say so, and offer to try again in a moment."}

_log = logging.getLogger(__name__)


async def _refuse(_: Mapping[str, Any]) -> Answer:
    raise LookupError("The model called a tool that there is not.")


_UNKNOWN = Tool(
    name="unknown",  # not the model's word for it: a log is no place for what a model makes up
    description="Stands for every name that is none of a tool.",
    parameters={},
    deadline_seconds=1.0,
    owner="agent team",
    run=_refuse,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolRun:
    """How one call of a tool went."""

    tool: str
    seconds: float
    error: str
    """Type of what went wrong; empty if nothing did."""


class Toolbox:
    """The tools of one call.

    Args:
        tools: Which they are.
        metrics: Counts them.
        told: Told of each that has run.
    """

    def __init__(
        self,
        tools: Iterable[Tool],
        metrics: MetricWriter,
        told: Callable[[ToolRun], None] = lambda _run: None,
    ) -> None:
        self._tools = {tool.name: tool for tool in tools}
        self._metrics = metrics
        self._told = told

    def __iter__(self) -> Iterator[Tool]:
        """Go through the tools."""
        return iter(self._tools.values())

    async def call(self, name: str, arguments: Mapping[str, Any]) -> Answer:
        """Run a tool; whatever happens to it, the model gets something to say."""
        tool = self._tools.get(name, _UNKNOWN)
        started = time.monotonic()
        answer, error = await _answer(tool, arguments)
        run = ToolRun(tool=tool.name, seconds=time.monotonic() - started, error=error)
        self._told(run)
        self._metrics.write(
            {
                TOOL_CALLS: 1,
                TOOL_ERRORS: 1 if error else 0,
                TOOL_LATENCY: round(run.seconds * MILLISECONDS, 1),
            },
            tool=tool.name,
        )
        if error:
            _log.error("A tool failed.", extra={"tool": tool.name, "owner": tool.owner, "error": error})
        return answer


async def _answer(tool: Tool, arguments: Mapping[str, Any]) -> tuple[Answer, str]:
    try:
        async with asyncio.timeout(tool.deadline_seconds):
            return await tool.run(arguments), ""
    except Exception as fault:  # noqa: BLE001  # a tool may fail in any way; the call must not
        return SORRY, type(fault).__name__
