"""What scripts/check says, and that it lets nothing pass."""

import json
from functools import partial
from pathlib import Path

import pytest

from scripts.commands.check import CheckError, checks, nag_findings, report, run

ROOT = Path(__file__).resolve().parents[2]
FINDING = {
    "ruleName": "AwsSolutions-VPC7",
    "description": "The VPC does not have an associated Flow Log.",
    "violatingConstructs": [{"constructPath": "Hotline-dev-Network/Vpc"}],
}


@pytest.fixture
def validation(tmp_path: Path):
    def write(*plugins: dict[str, object]) -> Path:
        path = tmp_path / "validation-report.json"
        path.write_text(json.dumps({"pluginReports": plugins}))
        return path

    return write


def test_every_shipped_stage_is_synthesised():
    """A stage that only its first deployer tries is broken by then."""
    stages = json.loads((ROOT / "cdk.json").read_text())["context"]["stages"]
    names = {name for name, _ in checks()}

    assert {f"synth of stage {stage}" for stage in stages} < names


def test_a_finding_that_did_not_fail_the_synth_is_reported(validation):
    """cdk-nag lets its warnings pass as soon as any other finding is acknowledged."""
    path = validation({"pluginName": "AwsSolutions", "violations": [FINDING]})

    assert nag_findings(path) == [
        "AwsSolutions-VPC7 at Hotline-dev-Network/Vpc: The VPC does not have an associated Flow Log."
    ]


def test_a_reminder_of_ours_is_not_a_finding(validation):
    """The shipped stages carry a placeholder for the e-mail address, and say so at every synth."""
    nag = {"pluginName": "AwsSolutions", "violations": []}

    assert (
        nag_findings(validation(nag, {"pluginName": "Construct Annotations", "violations": [FINDING]})) == []
    )


def test_no_look_is_not_taken_for_no_finding(validation):
    """Someone who unplugs cdk-nag for a moment and forgets it is told here."""
    with pytest.raises(CheckError, match="did not take part"):
        nag_findings(validation())


def test_a_check_that_fails_says_what_the_tool_said(capsys: pytest.CaptureFixture[str]):
    """CI's log must do: nobody should have to run it again to learn why."""
    assert not report(("words", partial(run, "sh", "-c", "echo to stdout; echo to stderr >&2; exit 3")))
    assert capsys.readouterr().out == "FAILED  words\nto stdout\nto stderr\n"


def test_a_check_that_passes_says_so_in_a_line(capsys: pytest.CaptureFixture[str]):
    """Twenty pages of success hide the line that matters."""
    assert report(("words", partial(run, "echo", "a lot")))
    assert capsys.readouterr().out == "ok      words (0 s)\n"
