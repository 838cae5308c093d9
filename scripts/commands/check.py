"""Say whether this tree may be deployed: format, lint, types, synth of every stage, generated pages.

Everything that CI asks besides the tests.  Each check says its name and time; one that fails says why.
"""

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from scripts.commands import config_table
from scripts.commands.arguments import new_parser
from scripts.commands.ending import in_words

ROOT = Path(__file__).resolve().parents[2]
NAG_PACK = "AwsSolutions"
# W3005: CDK writes DependsOn where a reference already implies it.
CFN_LINT_IGNORES = ("--ignore-checks", "W3005")

type Check = tuple[str, Callable[[], object]]


class CheckError(Exception):
    """The tree may not be deployed; the message is what the tool said."""


def main() -> int:
    """Run `scripts/check`; every check runs, whatever an earlier one said."""
    new_parser("check", __doc__).parse_args()
    try:
        run("scripts/bundle")  # here once, so that no synth waits for another's
    except CheckError as fault:
        print(f"FAILED  bundle\n{fault}")
        return 1
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(report, checks()))
    return 0 if all(results) else 1


def checks() -> Iterable[Check]:
    """List the checks, longest first, so that none is left to run alone at the end."""
    for stage in json.loads((ROOT / "cdk.json").read_text())["context"]["stages"]:
        yield f"synth of stage {stage}", partial(synth, stage)
    yield "types", partial(run, "mypy")
    yield "call page", partial(run, "scripts/page", "--check")
    yield "docs/config.md", config_page
    yield "lint", partial(run, "ruff", "check", "--output-format", "concise", ".")
    yield "format", partial(run, "ruff", "format", "--check", ".")


def report(check: Check) -> bool:
    """Run one check and print how it ended."""
    name, ask = check
    began = time.monotonic()
    try:
        ask()
    except (CheckError, OSError) as fault:
        print(f"FAILED  {name}\n{in_words(fault)}", flush=True)
        return False
    print(f"ok      {name} ({time.monotonic() - began:.0f} s)", flush=True)
    return True


def synth(stage: str) -> None:
    """Synthesise one stage without network; neither cdk-nag nor cfn-lint may find anything.

    cdk-nag's warnings do not fail a synth in which another finding is acknowledged, hence the look at
    its report.

    Raises:
        CheckError: They found something, or the stage cannot be synthesised.
    """
    with tempfile.TemporaryDirectory() as apart:
        run("cdk", "synth", "--quiet", "--no-lookups", "-c", f"stage={stage}", "--output", apart)
        if found := nag_findings(Path(apart, "validation-report.json")):
            raise CheckError("\n".join(found))
        run("cfn-lint", *CFN_LINT_IGNORES, "--", *deployed_templates(Path(apart)))


def deployed_templates(assembly: Path) -> list[str]:
    """Return the templates with anything in them: the CDK deploys no other, and CloudFormation takes none."""
    templates = sorted(assembly.glob("**/*.template.json"))
    return [str(one) for one in templates if json.loads(one.read_text()).get("Resources")]


def nag_findings(validation: Path) -> list[str]:
    """Return one line per finding of cdk-nag that nobody has acknowledged.

    Raises:
        CheckError: cdk-nag did not look.
    """
    plugins = json.loads(validation.read_text())["pluginReports"]
    reports = [plugin for plugin in plugins if plugin["pluginName"] == NAG_PACK]
    if not reports:
        raise CheckError(
            f"cdk-nag's {NAG_PACK} did not take part in the synth; see check_with_nag in app.py."
        )
    return [
        f"{violation['ruleName']} at {construct['constructPath']}: {violation['description']}"
        for violation in reports[0]["violations"]
        for construct in violation["violatingConstructs"]
    ]


def config_page() -> None:
    """Compare docs/config.md with the knobs that it describes.

    Raises:
        CheckError: It is not true any more.
    """
    if not config_table.PAGE.exists() or config_table.PAGE.read_text() != config_table.render():
        raise CheckError("docs/config.md does not say what stacks/config.py does; run scripts/config-table.")


def run(*command: str) -> str:
    """Return what *command* printed.

    Raises:
        CheckError: It ended with another code than 0.
    """
    done = subprocess.run(
        command,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "CDK_DISABLE_CLI_TELEMETRY": "true"},
        check=False,
    )
    if done.returncode:
        raise CheckError(done.stdout.strip())
    return done.stdout
