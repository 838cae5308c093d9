"""The folder that a report is."""

import csv
import dataclasses
import json
import re
import subprocess
from pathlib import Path

import pytest

from scripts.commands import report as command
from scripts.reporting import assembly as assembling
from scripts.reporting.assembly import synthesise
from scripts.reporting.errors import ReportError
from scripts.reporting.pages import Table, row
from scripts.reporting.revision import revision
from scripts.reporting.writing import _csv, _markdown_table, files, write
from tests.scripts.reporting.stages import ALL, assembly_of, report_of, report_on, with_finding

ROOT = Path(__file__).parents[3]


def test_the_same_input_gives_the_same_bytes():
    """A reviewer compares two reports with diff."""
    again = report_on(assembly_of("prod"))

    assert again is not report_of("prod")
    assert files(again) == files(report_of("prod"))


@pytest.mark.parametrize(("stage", "overrides"), ALL)
def test_everything_is_reached_from_the_index(stage, overrides, tmp_path: Path):
    write(report_of(stage, overrides), tmp_path)
    for suffix in ("md", "html"):
        reached, ahead = set(), [tmp_path / f"index.{suffix}"]
        while ahead:
            here = ahead.pop()
            reached.add(here)
            links = (
                re.findall(r'href="([^"]+)"|\]\(([^)]+)\)', here.read_text())
                if here.suffix != ".json"
                else []
            )
            ahead += [one for one in (here.parent / "".join(each) for each in links) if one not in reached]
        assert all(one.is_file() for one in reached)
        assert {one for one in tmp_path.iterdir() if one.suffix == f".{suffix}"} <= reached
        assert tmp_path / "sbom.cdx.json" in reached


def test_a_page_loads_nothing():
    """It is read where there is no network, and tells nobody that it is."""
    for name, text in files(report_of("prod")).items():
        if name.endswith(".html"):
            assert not re.search(r"<(script|link|img|iframe)|url\(|@import", text), name
            assert "&lt;wbr" not in text


def test_the_index_says_what_it_is_about_and_what_nobody_asked():
    text = files(report_of("prod"))["index.md"]

    assert text.startswith("# Security report of stage prod\n")
    assert "commit 0123456789ab of 2026-11-21 19:00 UTC" in text
    assert "No AWS account was asked" in text
    assert "docs/threat-model.md" in text


def test_what_was_not_committed_is_said():
    altered = dataclasses.replace(report_of("prod").revision, altered=("app.py",))
    report = dataclasses.replace(report_of("prod"), revision=altered)

    assert "1 files that are not as they were committed" in files(report)["index.md"]
    assert "as they were committed" not in files(report_of("prod"))["index.md"]


def test_a_cell_breaks_no_table():
    table = Table(name="one", title="One", columns=("A", "B"), rows=(row("a|b\nc", "<i>*_"),))

    assert _markdown_table(table).splitlines()[-1] == r"| a\|b<br>c | &lt;i&gt;\*\_ |"
    assert list(csv.reader(_csv(table).splitlines(keepends=True)))[1] == ["a|b\nc", "<i>*_"]


def test_an_older_report_leaves_nothing_behind(tmp_path: Path):
    write(report_of("coturn"), tmp_path)
    (tmp_path / "tables/of-a-table-that-is-no-more.csv").touch()

    write(report_of("prod"), tmp_path)

    assert not [one for one in tmp_path.parent.iterdir() if one.name.endswith(".unfinished")]
    assert not (tmp_path / "tables/of-a-table-that-is-no-more.csv").exists()


def test_a_folder_with_something_else_is_let_be(tmp_path: Path):
    """`--output ~` would otherwise be the last thing that somebody types."""
    (tmp_path / "thesis.txt").write_text("the only copy")

    with pytest.raises(ReportError, match="name another with --output"):
        write(report_of("prod"), tmp_path)

    assert (tmp_path / "thesis.txt").read_text() == "the only copy"


def test_a_stage_that_cannot_be_synthesised_has_no_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_command: str) -> str:
        raise assembling.CheckError("cdk.json has no stage 'nope'")

    monkeypatch.setattr(assembling, "run", refuse)

    with pytest.raises(ReportError, match="'nope' cannot be synthesised, so there is no report"):
        synthesise("nope", tmp_path)


def test_a_folder_that_git_does_not_know_has_no_report(tmp_path: Path):
    with pytest.raises(ReportError, match="is no checkout of git"):
        revision(tmp_path)


def test_the_command_fails_when_the_stage_may_not_be_signed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """A pipeline asks nothing but the exit code."""
    bad = with_finding(assembly_of("prod"), "AwsSolutions", "S1")
    for made, code in ((assembly_of("prod"), 0), (bad, 1)):
        monkeypatch.setattr(command, "synthesise", lambda _stage, _folder, made=made: made)
        assert command.run("prod", tmp_path / "report") == code
    assert "S1 at Door/Surprise" in capsys.readouterr().out


def test_the_command_writes_a_report(tmp_path: Path):
    """The real one, once, by the CDK CLI and without an account."""
    done = subprocess.run(
        [ROOT / "scripts/report", "dev", "--output", tmp_path], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert f"{tmp_path}/index.html" in done.stdout
    commit = json.loads((tmp_path / "sbom.cdx.json").read_text())["metadata"]["component"]["version"]
    subprocess.run(["git", "merge-base", "--is-ancestor", commit, "HEAD"], cwd=ROOT, check=True)
