"""Which part of a deployment follows a saved file, and what is said when it does not."""

import pytest

from scripts.bundling.errors import BundleError
from scripts.embedded.cdk import CdkError
from scripts.reloading import reloader as reloading
from scripts.reloading.contents import read_contents
from scripts.reloading.errors import ReloadError
from scripts.reloading.reloader import Reloader


class Desk:
    """A developer's, where making a bundle and deploying are a test's own."""

    def __init__(self, root, monkeypatch) -> None:
        self.root = root
        self.done, self.said = [], []
        self.refuses = {}
        for name in ("runtime", "stacks", "runtime/bridge"):
            (root / name).mkdir()
        monkeypatch.setattr(reloading, "make_bundle", lambda *_: self._do("bundle"))
        self.reloader = Reloader(
            root, self, lambda: self._do("everything"), deployed=read_contents(root), tell=self.said.append
        )

    def replace(self, *_):
        """Be the deployed agent's bundle."""
        self._do("agent")
        return True

    def save(self, name, text="1"):
        (self.root / name).write_text(text)
        self.done.clear()
        self.said.clear()
        self.reloader.look()
        return self.done

    def _do(self, what):
        if what in self.refuses:
            raise self.refuses[what]
        self.done.append(what)


@pytest.fixture
def desk(tmp_path, monkeypatch):
    return Desk(tmp_path, monkeypatch)


def test_the_agent_alone_is_deployed_for_its_own_files_and_every_stack_for_others(desk):
    """Five seconds for a prompt; a table that a tool needs comes with its stack."""
    assert desk.save("runtime/prompt.md") == ["bundle", "agent"]
    assert desk.said[0] == "Saved: runtime/prompt.md"
    assert desk.said[1].startswith("The agent is new after")
    assert desk.save("stacks/table.py") == ["bundle", "everything"]
    assert desk.said[1].startswith("Every stack is new after")
    assert desk.save("stacks/table.py") == []
    assert desk.said == []


def test_the_bridge_is_said_to_stay(desk):
    """Its server was started with the cloud; whoever edits it must know that nothing new answers."""
    desk.save("runtime/bridge/main.py")

    assert any(line.startswith("The bridge stays as it was started") for line in desk.said)


@pytest.mark.parametrize(
    ("step", "fault"),
    [
        ("bundle", BundleError("a tool is wrong")),
        ("bundle", FileNotFoundError("a file was just replaced")),
        ("agent", ReloadError("the stack said no")),
        ("everything", CdkError("`cdk deploy` failed")),
    ],
)
def test_what_was_refused_is_deployed_with_the_next_file(desk, step, fault):
    """Half of an edit must not be forgotten because its other half had a slip."""
    first = "stacks/table.py" if step == "everything" else "runtime/call.py"
    desk.refuses = {step: fault}
    desk.save(first)
    assert desk.said[1] == f"Refused; what was deployed before answers on.  {fault}"

    desk.refuses = {}
    desk.save("runtime/prompt.md")

    assert desk.said[0] == f"Saved: {', '.join(sorted((first, 'runtime/prompt.md')))}"
    assert desk.done[-1] == ("everything" if step == "everything" else "agent")


def test_an_edit_that_is_taken_back_deploys_nothing(desk):
    """The bundle would be the same one."""
    desk.save("runtime/prompt.md", "1")
    desk.refuses = {"bundle": BundleError("a tool is wrong")}
    desk.save("runtime/prompt.md", "2")

    assert desk.save("runtime/prompt.md", "1") == []
    assert desk.said == ["All files are again as they are deployed."]
