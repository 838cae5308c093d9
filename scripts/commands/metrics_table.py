"""Write docs/metrics.md, the list of every metric, from `runtime/metrics.py`."""

from pathlib import Path

from runtime.metrics import DIMENSION, METRICS, NAMESPACE
from scripts.commands.arguments import new_parser

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "metrics.md"

INTRODUCTION = f"""\
<!-- Written by scripts/metrics-table from runtime/metrics.py; edit that. -->
# Metrics

Every metric is in the namespace `{NAMESPACE}` with the one dimension `{DIMENSION}`.  It is written to the
log in CloudWatch's embedded metric format; `session_id`, `reason` and `tool` stand beside it in the same
line, for Logs Insights.  Unit `None` is US$.
"""


def main() -> int:
    """Run `scripts/metrics-table`."""
    new_parser("metrics-table", __doc__).parse_args()
    PAGE.write_text(render())
    print(f"Wrote {PAGE.relative_to(ROOT)}")
    return 0


def render() -> str:
    """Return the page."""
    rows = [f"| `{one.name}` | {one.unit} | {one.emitted_by} | {one.meaning} |" for one in METRICS]
    head = ["| Metric | Unit | Emitted by | What it means |", "| --- | --- | --- | --- |"]
    return "\n".join([INTRODUCTION, *head, *rows, ""])
