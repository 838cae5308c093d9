"""What a saved file means for what is deployed."""

from pathlib import Path

import pytest

from scripts.reloading.contents import Part, changed, is_deployed, part_of, read_contents
from stacks.parts.door_function import SOURCES

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("runtime/prompt.md", Part.AGENT),
        ("runtime/tools/order_status.py", Part.AGENT),
        ("runtime/call.py", Part.AGENT),
        ("runtime/door/page/src/main.ts", Part.EVERYTHING),
        ("stacks/parts/orders_table.py", Part.EVERYTHING),
        ("cdk.json", Part.EVERYTHING),
        ("runtime/bridge/main.py", Part.BRIDGE),
    ],
)
def test_a_file_says_what_must_be_deployed_again(name, part):
    """The agent's own files take seconds; what templates and Lambda functions are made of takes a deployment."""
    assert part_of(name) is part


def test_whatever_a_lambda_function_holds_deploys_every_stack():
    """A door that is older than its agent fails in ways that no deployment has."""
    files = [file for source in SOURCES for file in ROOT.glob(source) if file.is_file()]

    assert len(files) > 50
    assert {part_of(file.relative_to(ROOT).as_posix()) for file in files} == {Part.EVERYTHING}


def test_new_gone_and_edited_files_are_changes_and_what_editors_leave_is_none(tmp_path):
    """A swap file must not deploy, and a rename must."""
    for name in ("runtime/kept.py", "runtime/edited.py", "runtime/gone.py", "app.py"):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text("1")
    before = read_contents(tmp_path)
    (tmp_path / "runtime/edited.py").write_text("2")
    (tmp_path / "runtime/gone.py").unlink()
    for name in ("new.py", ".edited.py.swp", "edited.py~", "__pycache__"):
        (tmp_path / "runtime" / name).write_text("3")

    assert changed(before, read_contents(tmp_path)) == [
        "runtime/edited.py",
        "runtime/gone.py",
        "runtime/new.py",
    ]
    assert not is_deployed("docs/tools.md")
