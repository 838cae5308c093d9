"""Import the agent as AgentCore does, judge its tools, and print what its imports generated.

A program of its own, run in the folder that holds the agent: `scripts.bundling.examined` runs it.  What it finds
wrong it says in a few lines on standard error.
"""

import dataclasses
import json
import sys
import traceback
from pathlib import Path
from typing import Any

import jsonschema_rs

FRAMES = 2
"""Of the way to a fault: where it was noticed, and what led there."""

REFUSED = 1
"""Exit status for an agent that could not hold a call."""


def main() -> int:
    """Examine the agent of the working folder."""
    try:
        generated = import_agent()
        judge_prompt()
        judge_tools()
    except Exception as fault:  # noqa: BLE001  # whatever the edited code raises is what its author wants to read
        sys.stderr.write(told(fault))
        return REFUSED
    json.dump(generated, sys.stdout)
    return 0


def import_agent() -> list[str]:
    """Import all that a call needs; return the sources that dataclasses compiled on the way."""
    sources: set[str] = set()

    def run(source: str, *namespaces: Any) -> None:
        sources.add(source)
        exec(source, *namespaces)  # noqa: S102  # what `dataclasses` itself does with it

    from runtime import preload  # noqa: PLC0415
    from runtime.logs import redirect_pipecat  # noqa: PLC0415

    redirect_pipecat()  # its greeting would stand above what is wrong
    dataclasses.exec = run  # type: ignore[attr-defined]
    try:
        preload.import_call()
    finally:
        del dataclasses.exec  # type: ignore[attr-defined]
    return sorted(sources)


def judge_prompt() -> None:
    """Hold the agent's words about itself to being there.

    Raises:
        ValueError: There are none, or they are no UTF-8.
    """
    if not Path("runtime/prompt.md").read_text(encoding="utf-8").strip():
        raise ValueError("runtime/prompt.md is empty, so the agent would not know who it is.")


def judge_tools() -> None:
    """Make every tool that any stage may have, and hold it to what the model is told of it.

    Raises:
        ValueError: One of them is wrong; each says itself what it is.
    """
    from runtime.cloud import Cloud  # noqa: PLC0415
    from runtime.settings.agent import RuntimeSettings  # noqa: PLC0415
    from runtime.tools.catalogue import tools_of_a_call  # noqa: PLC0415

    # Every field is given, so that no tool is left out for want of a table.
    fields: dict[str, Any] = {
        one.name: one.name if one.type in {str, "str"} else 1 for one in dataclasses.fields(RuntimeSettings)
    }
    settings = RuntimeSettings(**fields)
    tools = tools_of_a_call(Cloud(settings), settings, "examined")
    names = [tool.name for tool in tools]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"More than one tool is named {' and '.join(sorted(twice))}.")
    for tool in tools:
        judge_parameters(tool.name, tool.parameters)


def judge_parameters(tool: str, parameters: Any) -> None:
    """Hold the schema of each argument to JSON Schema, as the model is sent it.

    Raises:
        ValueError: It is none.
    """
    for name, schema in parameters.items():
        try:
            jsonschema_rs.meta.validate(json.loads(json.dumps(dict(schema))))
        except (jsonschema_rs.ValidationError, TypeError, ValueError) as fault:
            why = fault.message if isinstance(fault, jsonschema_rs.ValidationError) else fault
            raise ValueError(f"Tool {tool}: the schema of {name} is no JSON schema: {why}") from None
        if not str(schema.get("description", "")).strip():
            raise ValueError(
                f"Tool {tool}: {name} has no description, by which the model knows what to pass."
            )


def told(fault: Exception) -> str:
    """Return what happened, and where in the agent's own files."""
    folder = f"{Path.cwd()}/"
    whole = traceback.TracebackException.from_exception(fault)
    whole.stack[:] = [frame for frame in whole.stack if frame.filename.startswith(folder)][-FRAMES:]
    return "".join(whole.format(chain=False)).replace(folder, "")


if __name__ == "__main__":
    sys.exit(main())
