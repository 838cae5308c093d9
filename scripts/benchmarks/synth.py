"""How long our whole app takes to synthesise, next to an app with a single VPC.

Timed is the app's own process (`python app.py`): the CDK CLI adds about the same to both, and would
only bring the ratio closer to 1.  cdk-nag is off, as the other app has none.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console

from scripts.benchmarks.comparison import Comparison, Measure
from scripts.benchmarks.errors import BenchmarkError

ROOT = Path(__file__).resolve().parents[2]
EMPTY_APP = Path(__file__).with_name("empty_app.py")
STAGE = "prod"
"""The stage with the most resources."""
SYNTH = "synth"
GOAL_RATIO = 1.5
SYNTH_SECONDS = 300


def compare(pairs: int, console: Console) -> Comparison:
    """Synthesise both apps in turns.

    Raises:
        BenchmarkError: One of them does not synthesise.
    """
    comparison = Comparison(
        ours=f"Hotline ({STAGE})",
        theirs="one VPC",
        measures=[Measure(name=SYNTH, unit="s", goal=GOAL_RATIO)],
    )
    context = {**json.loads((ROOT / "cdk.json").read_text())["context"], "stage": STAGE, "nag": "false"}
    comparison.run(
        pairs,
        lambda: {SYNTH: _seconds(ROOT / "app.py", context)},
        lambda: {SYNTH: _seconds(EMPTY_APP, {})},
        console=console,
    )
    return comparison


def _seconds(app: Path, context: dict[str, object]) -> float:
    """Synthesise once into an empty folder."""
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as folder:
        environment = {
            **os.environ,
            "CDK_OUTDIR": folder,
            "CDK_CONTEXT_JSON": json.dumps(context),
            "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
        }
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, app],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=SYNTH_SECONDS,
        )
        seconds = time.monotonic() - began
        if done.returncode or not list(Path(folder).glob("*.template.json")):
            raise BenchmarkError(
                f"{app.name} does not synthesise, so there is nothing to time:\n{done.stderr}"
            )
        return seconds
