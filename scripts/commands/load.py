"""Place many spoken calls on a deployed stage and hold it to its objectives.

    scripts/load --embedded --calls 20                    the embedded cloud that scripts/local started
    scripts/load dev --calls 200 --at-once 10 --rate 2    200 calls, two more every second, ten at once
    scripts/load prod --calls 500 --rate 5 --ramp 60 --html load.html

Each caller waits for the greeting, says the same words, hears the answer out and hangs up.  What they said is
not judged (scripts/call and scripts/local do that).  On AWS every call costs what a call costs.

Exit code: 0 when every objective is met and nothing is left behind; 1 when not; 2 when no call could be
placed.  --json writes every call; --html a page with charts that loads nothing from anywhere.
"""

import argparse
import asyncio

from rich.console import Console

from runtime.door.bodies import TRANSPORTS, WEBSOCKET
from runtime.errors import HotlineError
from runtime.phones import LINES
from scripts.calling.deployment import Deployment
from scripts.calling.errors import CallError
from scripts.calling.phone_caller import caller_on
from scripts.calling.running import read_running
from scripts.calling.voice import spoken
from scripts.commands.arguments import new_file, new_parser, number
from scripts.commands.asynchronous import run_until_told
from scripts.commands.call import QUESTION
from scripts.commands.ending import ended
from scripts.commands.screen import new_console
from scripts.commands.stage_options import add_stage, add_token, find, with_token
from scripts.loading.leaks import counting, left_behind
from scripts.loading.live import line, shown
from scripts.loading.objectives import Objectives, judge
from scripts.loading.plan import Plan
from scripts.loading.report import Report
from scripts.loading.run import Run

MISSED, NOTHING_CALLED = 1, 2
EMULATED = (
    "AWS's services, AgentCore's data plane and Bedrock's protocol; the model's brain is offline.  All share this "
    "machine's processors with the callers, so the times are no measure of AWS."
)


def main() -> int:
    """Run `scripts/load`."""
    options = parse_arguments()
    faults = dict.fromkeys((CallError, HotlineError, OSError), NOTHING_CALLED)
    return ended("load", lambda: run(options), faults, interrupted="hung up on every call in progress.")


def run(options: argparse.Namespace) -> int:
    """Place the calls, and show what came of them."""
    console = new_console()
    deployment = with_token(find(options), options, console)
    report = run_until_told(load(deployment, options, console))
    report.print(console)
    if options.json:
        report.write_json(options.json)
    if options.html:
        report.write_html(options.html)
    return 0 if report.met else MISSED


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = new_parser("load", __doc__)
    add_stage(parser)
    add_token(parser)
    parser.add_argument("--calls", type=_count, required=True, metavar="N", help="how many calls")
    parser.add_argument(
        "--at-once",
        type=_count,
        default=10,
        metavar="N",
        help="in progress at the most; default: %(default)s",
    )
    parser.add_argument(
        "--rate",
        type=_positive,
        default=1.0,
        metavar="N",
        help="calls begun per second; default: %(default)s",
    )
    parser.add_argument(
        "--ramp",
        type=_positive,
        default=0.0,
        metavar="SECONDS",
        help="the rate climbs so long; default: at once",
    )
    parser.add_argument(
        "--transport",
        choices=(*TRANSPORTS, *LINES),
        default=WEBSOCKET,
        help=f"or whose phone line (with --embedded); default: {WEBSOCKET}",
    )
    parser.add_argument("--say", metavar="TEXT", default=QUESTION, help=f"default: {QUESTION!r}")
    _add_objectives(parser)
    parser.add_argument("--json", metavar="FILE", type=new_file, help="write every call")
    parser.add_argument("--html", metavar="FILE", type=new_file, help="write a page with charts")
    return parser.parse_args()


def _add_objectives(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--join-p95",
        type=_positive,
        default=5.0,
        metavar="SECONDS",
        help="objective: 95 %% of the callers are greeted by then; default: %(default)s",
    )
    parser.add_argument(
        "--answer-p95",
        type=_positive,
        default=2.0,
        metavar="SECONDS",
        help="objective: 95 %% of the answers begin so soon; default: %(default)s",
    )
    parser.add_argument(
        "--errors",
        type=_percent,
        default=0.0,
        metavar="PERCENT",
        help="objective: no more calls fail; default: %(default)s",
    )


async def load(deployment: Deployment, options: argparse.Namespace, console: Console) -> Report:
    """Place the calls.

    Raises:
        CallError: The first words cannot be made.
        HotlineError: The ledger cannot be read.
    """
    plan = Plan(calls=options.calls, at_once=options.at_once, rate=options.rate, ramp_seconds=options.ramp)
    speech = await spoken(options.say)
    caller = caller_on(deployment, options.transport)
    process = read_running(options.port)["process"] if options.embedded else None
    count = counting(deployment, process)
    before = await asyncio.to_thread(count)
    run = Run(plan, lambda: caller.call(speech, said=options.say))
    async with shown(run.outcomes, plan.calls, console):
        await run.finish()
    console.print(line(run.outcomes, plan.calls), highlight=False, soft_wrap=True)
    with console.status("Waiting until nothing is left behind …"):
        leaks = await left_behind(count, before)
    objectives = Objectives(
        join_p95_seconds=options.join_p95,
        answer_p95_seconds=options.answer_p95,
        error_percent=options.errors,
    )
    return Report(
        stage=deployment.stage,
        transport=options.transport,
        said=options.say,
        plan=plan,
        outcomes=run.outcomes,
        verdicts=judge(objectives, run.outcomes, leaks),
        emulated=EMULATED if options.embedded else "",
    )


MOST_CALLS = 100_000
_count = number(int, 1, MOST_CALLS)
_positive = number(float, 0.01, 3_600)
_percent = number(float, 0, 100)
