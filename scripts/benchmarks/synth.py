"""How long our whole app takes to synthesise, next to an app with a single VPC.

Timed are `cdk synth`, which is what people wait for, and the app's own process, which is the part that we
write: the CLI around it costs both the same.  Ours runs as cdk.json says, build step included, the other
one as the plainest does; cdk-nag is off, as the other app has none.
"""

import json
import os
import shlex
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from scripts.benchmarks.comparison import Comparison, Measure
from scripts.benchmarks.errors import BenchmarkError

ROOT = Path(__file__).resolve().parents[2]
EMPTY_APP = Path(__file__).with_name("empty_app.py")
STAGE = "prod"
"""The stage with the most resources."""
CLI, ALONE = "cdk synth", "the app alone"
GOAL_RATIO = 1.5
LONGEST_SECONDS = 300


def compare(pairs: int, console: Console) -> Comparison:
    """Synthesise both apps in turns.

    Raises:
        BenchmarkError: One of them does not synthesise.
    """
    comparison = Comparison(
        ours=f"Hotline ({STAGE})",
        theirs="one VPC",
        measures=[Measure(name=name, unit="s", goal=GOAL_RATIO) for name in (CLI, ALONE)],
    )
    context = {"stage": STAGE, "nag": "false"}
    ours, theirs = json.loads((ROOT / "cdk.json").read_text())["app"], f"python {EMPTY_APP}"
    comparison.run(
        pairs,
        lambda: _measure(ours, [], context),
        lambda: _measure(theirs, ["--build", "true"], {}),
        console=console,
    )
    return comparison


def _measure(app: str, cli: Sequence[str], context: Mapping[str, str]) -> dict[str, float]:
    """Synthesise twice into empty folders: with the CLI and without."""
    flags = [word for name, value in context.items() for word in ("--context", f"{name}={value}")]
    whole = json.loads((ROOT / "cdk.json").read_text())["context"] | context
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as folder:
        by_cli, alone = Path(folder, "cli"), Path(folder, "alone")
        return {
            CLI: _seconds(
                ["cdk", "synth", "--quiet", "--output", by_cli, "--app", app, *cli, *flags], by_cli, {}
            ),
            ALONE: _seconds(shlex.split(app), alone, whole if context else {}),
        }


def _seconds(command: Sequence[str | Path], assembly: Path, context: Mapping[str, object]) -> float:
    """Run *command*, which writes *assembly*, and return how long it took."""
    environment = {
        **os.environ,
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "CDK_OUTDIR": str(assembly),
        "CDK_CONTEXT_JSON": json.dumps(context),
    }
    began = time.monotonic()
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST_SECONDS,
    )
    seconds = time.monotonic() - began
    if done.returncode or not list(assembly.glob("*.template.json")):
        words = " ".join(str(word) for word in command[:2])
        raise BenchmarkError(f"`{words}` does not synthesise, so there is nothing to time:\n{done.stderr}")
    return seconds
