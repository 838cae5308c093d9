"""ConverseStream: one request, the whole conversation in it; the answer as an event stream.

Source: API reference of ConverseStream, Amazon Bedrock; botocore 1.43.106, bedrock-runtime service model.
"""

import json
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from scripts.embedded.bedrock import eventstream
from scripts.embedded.bedrock.brain import Brain, CallerTurn
from scripts.embedded.cascade.refusals import invalid

MODELS = frozenset({"amazon.nova-lite-v1:0", "amazon.nova-micro-v1:0"})

# Where a request to a profile may be served.  Source: "Supported Regions and models for inference profiles",
# Amazon Bedrock user guide.
PROFILES = {"us.": ("us-east-1", "us-east-2", "us-west-2")}

# An estimate for English text; the service's tokenizer is not public.
CHARACTERS_PER_TOKEN = 4
PIECE_CHARACTERS = 12
"""Of an answer at a time: a choice of ours."""

type Json = Mapping[str, Any]


class _ToolWantedError(Exception):
    """The answer needs a tool, whose result comes with the next request."""

    def __init__(self, name: str, arguments: Json) -> None:
        super().__init__(name)
        self.name, self.arguments = name, arguments


class _Tools:
    """Tools that the client runs between two requests: what has been answered is not asked again."""

    def __init__(self, results: list[str]) -> None:
        self._results = results

    async def call_tool(self, name: str, arguments: Json) -> str:
        if not self._results:
            raise _ToolWantedError(name, arguments)
        return self._results.pop(0)


def resources_of(model_id: str, region: str) -> tuple[str, ...]:
    """Name what a caller must have a right on to ask *model_id*: a profile, and the model wherever it leads.

    Raises:
        Refusal: There is no such model.
    """
    prefix = next((one for one in PROFILES if model_id.startswith(one)), "")
    if model_id.removeprefix(prefix) not in MODELS:
        raise invalid("The provided model identifier is invalid.")
    if not prefix:
        return (f"arn:aws:bedrock:{region}::foundation-model/{model_id}",)
    model = model_id.removeprefix(prefix)
    leads_to = (f"arn:aws:bedrock:{one}::foundation-model/{model}" for one in PROFILES[prefix])
    return (f"arn:aws:bedrock:{region}:000000000000:inference-profile/{model_id}", *leads_to)


async def answer(brain: Brain, request: Json) -> list[bytes]:
    """Return the frames of the answer to *request*.

    Raises:
        Refusal: It cannot be understood.
    """
    turn, results = _read(request)
    try:
        words = await brain.reply(turn, _Tools(results))
    except _ToolWantedError as wanted:
        frames, output, stop = _tool_use(wanted), json.dumps(wanted.arguments), "tool_use"
    else:
        frames, output, stop = _text(words), words, "end_turn"
    asked = str([request.get(part) for part in ("messages", "system", "toolConfig")])
    return [
        _frame("messageStart", {"role": "assistant"}),
        *frames,
        _frame("contentBlockStop", {"contentBlockIndex": 0}),
        _frame("messageStop", {"stopReason": stop}),
        _frame("metadata", {"usage": _usage(asked, output), "metrics": {"latencyMs": 1}}),
    ]


def _read(request: Json) -> tuple[CallerTurn, list[str]]:
    """Return the turn to answer, and the results of tools that came since."""
    messages = request.get("messages")
    if not isinstance(messages, list) or not messages or messages[-1].get("role") != "user":
        raise invalid("A conversation must start and end with a user message.")
    said: list[tuple[str, str]] = []
    results: list[str] = []
    for message in messages:
        for block in message.get("content", ()):
            if "text" in block:
                said.append((message["role"].upper(), block["text"]))
                results = [] if message["role"] == "user" else results
            elif "toolResult" in block:
                results.append(_result(block["toolResult"]))
    turns = [index for index, (role, _) in enumerate(said) if role == "USER"]
    if not turns:
        raise invalid("A conversation must start with a user message.")
    last = turns[-1]
    return (
        CallerTurn(
            number=len(turns) - 1,
            sample_rate=16_000,
            text=said[last][1],
            system_prompt=" ".join(one.get("text", "") for one in request.get("system") or ()),
            history=[*said[:last], *said[last + 1 :]],
            tools=_tools(request),
        ),
        results,
    )


def _result(block: Json) -> str:
    content = block["content"][0]
    return str(content["text"]) if "text" in content else json.dumps(content["json"])


def _tools(request: Json) -> dict[str, Any]:
    offered = (one["toolSpec"] for one in (request.get("toolConfig") or {}).get("tools", ()))
    return {one["name"]: one["inputSchema"]["json"] for one in offered}


def _text(words: str) -> Iterator[bytes]:
    for start in range(0, len(words), PIECE_CHARACTERS):
        delta = {"text": words[start : start + PIECE_CHARACTERS]}
        yield _frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": delta})


def _tool_use(wanted: _ToolWantedError) -> Iterator[bytes]:
    use = {"toolUseId": f"tooluse_{uuid.uuid4().hex[:22]}", "name": wanted.name}
    yield _frame("contentBlockStart", {"contentBlockIndex": 0, "start": {"toolUse": use}})
    delta = {"toolUse": {"input": json.dumps(wanted.arguments)}}
    yield _frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": delta})


def _usage(asked: str, output: str) -> dict[str, int]:
    incoming, outgoing = (-(-len(text) // CHARACTERS_PER_TOKEN) for text in (asked, output))
    return {"inputTokens": incoming, "outputTokens": outgoing, "totalTokens": incoming + outgoing}


def _frame(name: str, body: Json) -> bytes:
    headers = {":message-type": "event", ":event-type": name, ":content-type": "application/json"}
    return eventstream.encode(headers, json.dumps(body).encode())
