"""What scripts/load refuses before it calls anybody."""

import pytest

from scripts.commands import load


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["dev", "--calls", "0"], "'0' is not a whole number from 1 to"),
        (["dev", "--calls", "many"], "'many' is not a whole number from 1 to"),
        (["dev", "--calls", "5", "--rate", "nan"], "'nan' is not a number from 0.01 to 3600"),
        (["dev", "--calls", "5", "--errors", "101"], "'101' is not a number from 0 to 100"),
        (["--calls", "5"], "one of the arguments stage --embedded is required"),
        (["dev"], "the following arguments are required: --calls"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(
    words: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("sys.argv", ["scripts/load", *words])
    with pytest.raises(SystemExit) as ended:
        load.parse_arguments()

    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_without_an_embedded_cloud_it_says_how_to_start_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("sys.argv", ["scripts/load", "--embedded", "--port", "1", "--calls", "1"])

    assert load.main() == load.NOTHING_CALLED
    assert "scripts/local" in capsys.readouterr().err
