"""What is saved while `scripts/local` stays: deployed the way that a stack deploys, or refused."""

import contextlib
import shutil
from pathlib import Path

import pytest

from scripts.bundling.archive import one_build_at_a_time
from scripts.bundling.packages import find_or_build_layer
from scripts.reloading.artifact import Artifact
from scripts.reloading.contents import read_contents
from scripts.reloading.reloader import Reloader

ROOT = Path(__file__).resolve().parents[2]
TOOL = "runtime/tools/order_status.py"


@pytest.fixture
def checkout(tmp_path):
    """A copy of what is deployed, to edit."""
    root = tmp_path / "checkout"
    leave_out = shutil.ignore_patterns("__pycache__", "node_modules")
    for name in ("runtime", "turn"):
        shutil.copytree(ROOT / name, root / name, ignore=leave_out)
    shutil.copyfile(ROOT / "uv.lock", root / "uv.lock")
    (root / "stacks").mkdir()
    (root / ".cache/bundle").mkdir(parents=True)
    with one_build_at_a_time(ROOT):
        layer = find_or_build_layer(ROOT)
        (root / ".cache/bundle" / layer.name).hardlink_to(layer)
    yield root
    shutil.rmtree(root)  # pytest keeps folders of three runs, and a layer takes 110 MB


class Desk:
    """A developer's: a checkout, what `scripts/local` says of it, and what is deployed."""

    def __init__(self, deployed, root) -> None:
        self._deployed = deployed
        self._control = deployed.cloud.client("bedrock-agentcore-control")
        self.root = root
        self.said = []
        client = deployed.cloud.client
        self.reloader = Reloader(
            root,
            Artifact(client("cloudformation"), client("s3"), "Hotline-embedded-Runtime"),
            pytest.fail,
            deployed=read_contents(root),
            tell=self.said.append,
        )

    def save(self, name, text):
        (self.root / name).write_text(text)
        self.said.clear()
        self.reloader.look()

    def version(self):
        """Of the runtime that answers calls."""
        runtime = self._deployed.deployment.outputs["RuntimeArn"].rsplit("/", 1)[-1]
        endpoint = self._control.get_agent_runtime_endpoint(agentRuntimeId=runtime, endpointName="calls")
        return int(endpoint["liveVersion"])

    def prompts(self):
        """What the agents that run now would say of themselves."""
        found = []
        for one in self._deployed.agents():
            with contextlib.suppress(OSError):  # another test's, which has ended meanwhile
                found.append(Path(f"/proc/{one}/cwd/runtime/prompt.md").read_text())
        return found


@pytest.fixture
def desk(deployed, checkout):
    return Desk(deployed, checkout)


def test_the_next_call_runs_what_was_saved_and_nothing_that_is_broken(deployed, desk):
    """Edit, call, edit: by the deployed way, in seconds, and with an agent that answers all the while."""
    prompt, tool = (desk.root / "runtime/prompt.md").read_text(), (desk.root / TOOL).read_text()
    before = desk.version()

    desk.save(TOOL, tool.replace('"type": "string"', '"type": "text"'))
    assert desk.said[0] == f"Saved: {TOOL}"
    assert "Refused; what was deployed before answers on." in desk.said[1]
    assert "Tool order_status: the schema of order_number is no JSON schema" in desk.said[1]
    assert desk.version() == before

    desk.save(TOOL, tool)
    assert desk.said == ["All files are again as they are deployed."]

    desk.save("runtime/prompt.md", f"{prompt}- Be brief.\n")
    assert desk.said[1].startswith("The agent is new after")
    assert desk.version() > before
    with contextlib.closing(deployed.deployment.door()) as door:
        session = deployed.open_session()
        assert f"{prompt}- Be brief.\n" in desk.prompts()
        door.end(session.session_id)

    desk.save("runtime/prompt.md", prompt)  # as the others of this cloud found it
    assert desk.said[1].startswith("The agent is new after")
