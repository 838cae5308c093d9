"""List, show and stop the sessions of a stage, with your own rights.

    scripts/sessions dev                     those that are open
    scripts/sessions dev show ID             one, with who called, also after its end
    scripts/sessions dev stop ID             hang up for both, and stop the microVM
    scripts/sessions dev stop --all          every one: callers hear an apology, new ones still get in
    scripts/sessions --embedded list         of the embedded cloud that scripts/local started

You need to read and update the ledger's table, and bedrock-agentcore:StopRuntimeSession.  To keep new callers
out, see docs/runbooks/bill-above-budget.md.

Exit code: 0 when it was done, 1 when a session is unknown or was not stopped, 2 when the stage is not there
or the words make no sense.
"""

import argparse
import json
import sys
from typing import Any

from rich.console import Console

from runtime.door.errors import LedgerUnavailableError
from scripts.calling.errors import CallError
from scripts.commands.stage_options import add_words, find_operated, take_stage
from scripts.operating.errors import OperatingError
from scripts.operating.sessions import SessionDesk, as_json

ACTIONS = ("list", "show", "stop")
FAILED, NOT_THERE = 1, 2


def main() -> int:
    """Run `scripts/sessions`."""
    options = parse_arguments()
    try:
        stage = find_operated(options)
        return act(SessionDesk(stage), stage.name, options)
    except CallError as fault:
        print(f"sessions: {fault}", file=sys.stderr)
        return NOT_THERE
    except (OperatingError, LedgerUnavailableError) as fault:
        print(f"sessions: {fault}", file=sys.stderr)
        return FAILED


def parse_arguments(words: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="scripts/sessions", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_words(parser, "STAGE [list | show ID | stop ID | stop --all]")
    parser.add_argument("--all", action="store_true", help="stop every session")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_intermixed_args(words)
    rest = take_stage(parser, options)
    options.action = rest.pop(0) if rest else "list"
    options.session_id = rest.pop(0) if rest else ""
    fault = _fault(options, rest)
    if fault:
        parser.error(fault)
    return options


def _fault(options: argparse.Namespace, rest: list[str]) -> str:
    """Say what is wrong with the words, if anything is."""
    one = options.action != "list"
    faults = {
        f"{options.stage!r} is what to do, not a stage; name the stage first": options.stage in ACTIONS,
        f"{options.action!r} is none of {', '.join(ACTIONS)}": options.action not in ACTIONS,
        f"{' '.join(rest)!r} is too much: one session at a time, or --all": rest,
        "--all goes with stop, and with no session id": options.all
        and (options.action != "stop" or options.session_id),
        "list takes no session id; show does": not one and options.session_id,
        f"{options.action} needs a session id{', or --all' if options.action == 'stop' else ''}": one
        and not (options.session_id or options.all),
    }
    return next((fault for fault, made in faults.items() if made), "")


def act(desk: SessionDesk, stage: str, options: argparse.Namespace) -> int:
    """Do what was asked, and say what came of it."""
    match options.action:
        case "list":
            _list(desk, stage, as_json_text=options.json)
        case "show":
            session = desk.show(options.session_id)
            told = as_json(session)
            if options.json:
                _print_json(told)
            else:
                _print_fields({**told, "owner": session.owner})
        case _:
            return _stop(desk, options)
    return 0


def _list(desk: SessionDesk, stage: str, *, as_json_text: bool) -> None:
    sessions = desk.held()
    if as_json_text:
        _print_json([as_json(one) for one in sessions])
    elif sessions:
        _console().print(desk.table(sessions))
    else:
        print(f"No session is open in stage {stage}.")


def _stop(desk: SessionDesk, options: argparse.Namespace) -> int:
    faults: list[str] = []
    if options.all:
        stopped, faults = desk.stop_all()
    else:
        known = desk.stop(options.session_id)
        stopped = [options.session_id]
        if not known:
            print(f"The ledger does not know {options.session_id}; AgentCore was told.", file=sys.stderr)
    if options.json:
        _print_json({"stopped": stopped, "faults": faults})
    else:
        print(f"Stopped {len(stopped)} session{'' if len(stopped) == 1 else 's'}.")
    for fault in faults:
        print(f"sessions: {fault}", file=sys.stderr)
    return FAILED if faults else 0


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=2))


def _print_fields(fields: dict[str, Any]) -> None:
    console = _console()
    for name, value in fields.items():
        console.print(f"{name:<20} {value if value is not None else '-'}", markup=False, soft_wrap=True)


def _console() -> Console:
    return Console(highlight=False)
