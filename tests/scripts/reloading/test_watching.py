"""Files that are written, as the kernel tells of them."""

import itertools

from scripts.reloading.watching import written_files

TICKS = 120
"""Half a second each: far longer than a notice takes on the busiest machine."""


def heard(watch, file):
    return any(file in files for files in itertools.islice(watch, TICKS))


def test_saved_files_and_logs_are_heard_of_however_an_editor_saves(tmp_path):
    """Some write in place, some write beside and rename; a watch of one file would lose the second save of those."""
    root, logs = tmp_path / "checkout", tmp_path / "logs"
    for folder in ("runtime/tools", "turn", "stacks"):
        (root / folder).mkdir(parents=True)
    logs.mkdir()
    (root / "cdk.json").write_text("{}")
    watch = written_files(root, logs)
    assert next(watch) == set()

    (root / "runtime/tools/new.py").write_text("")
    assert heard(watch, root / "runtime/tools/new.py")
    for times in (1, 2):
        (root / "beside.json").write_text("{}" * times)
        (root / "beside.json").replace(root / "cdk.json")
        assert heard(watch, root / "cdk.json")
    (logs / "session.log").write_text("{}\n")
    assert heard(watch, logs / "session.log")
