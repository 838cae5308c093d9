"""What a log keeps of a long deployment: the milestones with their times, and none of the noise."""

import io

import pytest
from rich.console import Console

from scripts.calling.progress import Progress


@pytest.fixture
def written():
    return io.StringIO()


@pytest.fixture
def progress(written):
    return Progress(Console(file=written, width=60))


def test_milestones_stay_and_events_do_not(progress, written):
    """A CI log with 400 resource events hides the line that matters."""
    with progress.step("Deploy"):
        for line in (
            "ministack is ready",
            "✨  Synthesis time: 2.6s",
            "Hotline-embedded-Door |  3/25 | 3:03:10 AM | CREATE_COMPLETE | AWS::ApiGatewayV2::Stage | Api",
            " ✅  Hotline-embedded-Door",
            " ✅  Hotline-embedded-Turn (no changes)",
        ):
            progress.report(line)

    lines = [line.split("s  ", 1)[1].strip() for line in written.getvalue().splitlines()]
    assert lines[:-1] == ["server ministack", "synthesised in 2.6 s", "stack Door", "stack Turn"]
    assert lines[-1].startswith("Deploy (")


def test_a_failed_step_is_not_reported_as_done(progress, written):
    """Its name is what the error message is made of."""
    with pytest.raises(KeyError), progress.step("Deploy"):
        raise KeyError

    assert progress.step_name == "Deploy"
    assert "Deploy" not in written.getvalue()
