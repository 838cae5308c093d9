"""Write what a security reviewer asks of a stage into one folder, read from its templates.

    scripts/report                       of prod, into build/report/prod
    scripts/report coturn --output /tmp/review

index.html (and index.md) leads to cdk-nag's findings of five packs, every IAM statement, the network, what is kept and
what travels, and the components, which sbom.cdx.json has as CycloneDX; tables/ has each table as CSV.  No account and no
network is needed, and the same commit gives the same bytes.

Exit code: 0 when AwsSolutions finds nothing that is not acknowledged and every pattern in a right has a reason, 1 when
not, 2 when there is no report.
"""

import argparse
import tempfile
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from scripts.commands.arguments import new_parser
from scripts.commands.ending import ended
from scripts.commands.screen import new_console
from scripts.reporting.assembly import synthesise
from scripts.reporting.errors import ReportError
from scripts.reporting.index import Report
from scripts.reporting.packages import RELAY, ROOT, parts
from scripts.reporting.revision import revision
from scripts.reporting.writing import write

FOLDER = ROOT / "build" / "report"
DEFAULT_STAGE = "prod"
SIGNED, UNSIGNED, NO_REPORT = 0, 1, 2


def main() -> int:
    """Run `scripts/report`."""
    options = parse_arguments()
    folder = options.output or FOLDER / options.stage
    return ended("report", lambda: run(options.stage, folder), {ReportError: NO_REPORT, OSError: NO_REPORT})


def parse_arguments(words: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = new_parser("report", __doc__)
    parser.add_argument(
        "stage", nargs="?", default=DEFAULT_STAGE, help=f"of cdk.json; default: {DEFAULT_STAGE}"
    )
    parser.add_argument("--output", metavar="FOLDER", type=Path, help="default: build/report/STAGE")
    return parser.parse_args(words)


def run(stage: str, folder: Path) -> int:
    """Write the report of *stage* into *folder*, and return the exit code.

    Raises:
        ReportError: There is none.
    """
    at = revision(ROOT)
    with tempfile.TemporaryDirectory() as apart:
        assembly = synthesise(stage, Path(apart))
    chosen = parts(ROOT)
    if not any(assembly.resources("ImageBuilder::Image")):
        chosen = {name: packages for name, packages in chosen.items() if name != RELAY}
    report = Report(assembly, at, chosen)
    write(report, folder)
    return tell(report, folder, new_console())


def tell(report: Report, folder: Path, console: Console) -> int:
    """Say what was found and where it is, and return the exit code."""
    for fault in report.faults:
        console.print(f"[red]open[/red]  {escape(fault)}", highlight=False, soft_wrap=True)
    console.print(f"Wrote {folder / 'index.html'}", highlight=False, soft_wrap=True)
    return UNSIGNED if report.faults else SIGNED
