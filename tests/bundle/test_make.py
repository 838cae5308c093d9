"""How the bundle comes about: equal every time, instant when nothing changed, and whole or not at all."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from scripts.bundling import archive as archiving
from scripts.bundling import bundle as bundling
from scripts.bundling import packages
from scripts.bundling.bundle import check_limits, make_bundle
from scripts.bundling.errors import BundleError
from scripts.commands import bundle as command
from stacks.bundle_record import BundleRecord


def run_script(checkout: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "scripts.commands", "bundle", *arguments],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(checkout), "UV_OFFLINE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_another_checkout_builds_the_same_bytes(
    without_layer: Path, built: Path, monkeypatch: pytest.MonkeyPatch
):
    """CloudFormation replaces the agent only when something in it changed, whoever deploys.

    What is compressed is compared, since compressing takes longest; that it compresses to the same, test_layers shows.
    """
    monkeypatch.setattr(archiving, "COMPRESSION_LEVEL", 1)
    make_bundle(without_layer, without_layer / "agent.zip")

    assert entries(without_layer / "agent.zip") == entries(built / "build/agent.zip")


def entries(bundle: Path) -> list[tuple[object, ...]]:
    """Everything that decides about the bytes of a zip, but how hard its files were compressed."""
    with zipfile.ZipFile(bundle) as archive:
        return [
            (one.filename, one.CRC, one.file_size, one.date_time, one.create_system, one.external_attr)
            for one in archive.infolist()
        ]


def test_an_unchanged_tree_is_left_alone(checkout: Path):
    """`cdk` asks before every synth; the file keeps its identity, so nothing downstream works again."""
    bundle = checkout / "build/agent.zip"
    before = bundle.stat()

    assert make_bundle(checkout, bundle) == BundleRecord.of(bundle)
    assert (bundle.stat().st_ino, bundle.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_nothing_to_do_is_said_without_a_word(checkout: Path):
    """A synth's output is the synth's; and what needs no word here needs no uv and no network."""
    script = run_script(checkout)

    assert script.communicate() == ("", "")
    assert script.returncode == 0


def test_an_edit_of_ours_gets_into_the_bundle_without_network(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
):
    """Only our own code is packed again: an edit must not cost a download."""
    monkeypatch.setenv("PATH", "")  # no uv at all
    bundle = checkout / "build/agent.zip"
    before = BundleRecord.of(bundle)
    (checkout / "runtime/prompt.md").write_text("Speak of nothing but the weather.")

    after = make_bundle(checkout, bundle)

    assert after.sha256 != before.sha256
    with zipfile.ZipFile(bundle) as archive:
        assert archive.read("runtime/prompt.md") == b"Speak of nothing but the weather."
        assert len(set(archive.namelist())) == len(archive.namelist())


def test_a_bundle_changed_by_hand_is_made_again(checkout: Path):
    """What is deployed is what the tree says, not what somebody once tried out in build/."""
    bundle = checkout / "build/agent.zip"
    made = BundleRecord.of(bundle)
    bundle.write_bytes(b"not a zip")

    assert make_bundle(checkout, bundle).sha256 == made.sha256
    assert zipfile.is_zipfile(bundle)


def test_two_at_once_make_one_whole_bundle(checkout: Path):
    """Two terminals, two synths: the second waits and finds the work done."""
    (checkout / "build/agent.zip").unlink()
    scripts = [run_script(checkout, "--check") for _ in range(2)]
    said = {script.communicate() for script in scripts}

    assert [script.returncode for script in scripts] == [0, 0]
    assert len(said) == 1
    assert not any(complained for _, complained in said)
    with zipfile.ZipFile(checkout / "build/agent.zip") as archive:
        assert archive.testzip() is None


def test_code_that_does_not_compile_is_named_and_the_old_bundle_stays(checkout: Path):
    """A slip of the keyboard must not reach a microVM, nor take away what worked."""
    bundle = checkout / "build/agent.zip"
    made = BundleRecord.of(bundle)
    (checkout / "runtime/slip.py").write_text("def main(:\n")

    with pytest.raises(BundleError, match=r"(?s)does not compile.*runtime/slip\.py"):
        make_bundle(checkout, bundle)

    assert BundleRecord.of(bundle) == made
    assert not (bundle.parent / ".unfinished").exists()


def test_what_a_killed_build_left_behind_is_cleared_away(checkout: Path):
    """A build killed half-way costs no disk for ever."""
    left = checkout / "build/.unfinished/agent.zip"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    (checkout / "build/agent.zip").unlink()

    make_bundle(checkout, checkout / "build/agent.zip")

    assert not left.parent.exists()


def test_without_network_the_first_build_says_what_is_missing(
    without_layer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Behind a firewall the answer is a file to copy, not a stack trace."""
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "empty"))
    script = run_script(without_layer)
    said = script.communicate()[1]

    assert script.returncode == 1
    assert "Only their first build needs the network" in said
    assert f".cache/bundle/packages-{packages.layer_key(without_layer)}.zip" in said
    assert "Traceback" not in said
    assert not (without_layer / "build/agent.zip").exists()


@pytest.mark.parametrize(
    ("zip_bytes", "unpacked_bytes", "said"),
    [(250_000_001, 1, "250 MB zipped"), (1, 750_000_001, "750 MB unpacked")],
)
def test_more_than_agentcore_takes_is_refused(zip_bytes: int, unpacked_bytes: int, said: str):
    """AgentCore would refuse it too, but ten minutes later and in the middle of a deployment."""
    with pytest.raises(BundleError, match=said):
        check_limits(zip_bytes=zip_bytes, unpacked_bytes=unpacked_bytes)


def test_a_bundle_beyond_the_limit_is_not_written(checkout: Path, monkeypatch: pytest.MonkeyPatch):
    """Whoever deploys after the refusal deploys the old bundle, or none."""
    monkeypatch.setattr(bundling, "LARGEST_ZIP_BYTES", 1)
    (checkout / "build/agent.zip").unlink()

    with pytest.raises(BundleError, match="so no bundle was written"):
        make_bundle(checkout, checkout / "build/agent.zip")

    assert not (checkout / "build/agent.zip").exists()


def test_with_another_python_the_bundle_has_no_byte_code_and_says_so(
    without_layer: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """A deployer with 3.12 alone gets an agent that works, and the reason why it starts slowly."""
    for module in (packages, bundling):
        monkeypatch.setattr(module, "has_bytecode", lambda: False)
    monkeypatch.setattr(packages, "_install", lay_down_a_package)
    monkeypatch.setattr(command, "ROOT", without_layer)
    monkeypatch.setattr(command, "BUNDLE", without_layer / "build/agent.zip")
    monkeypatch.setattr(sys, "argv", ["bundle"])

    assert [command.main(), command.main()] == [0, 0]

    said = capsys.readouterr().err
    assert said.count("the bundle holds no byte-code") == 1
    with zipfile.ZipFile(without_layer / "build/agent.zip") as archive:
        names = set(archive.namelist())
    assert {"pipecat/__init__.py", "runtime/main.py"} <= names
    assert not [name for name in names if name.endswith(".pyc")]


def lay_down_a_package(_root: Path, site: Path, _packages: object) -> None:
    """Stand in for a hundred megabytes of wheels: that they arrive is seen above."""
    (site / "pipecat").mkdir(parents=True)
    (site / "pipecat/__init__.py").touch()
