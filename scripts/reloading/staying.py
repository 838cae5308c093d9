"""What `scripts/local` does while it stays: deploys what is saved, and says how each turn of a call went."""

from collections.abc import Callable
from pathlib import Path

from scripts.embedded.cloud import EmbeddedCloud
from scripts.reloading.artifact import Artifact
from scripts.reloading.contents import Contents
from scripts.reloading.reloader import Reloader
from scripts.reloading.timeline import Timeline
from scripts.reloading.turn_lines import AgentLogs, line_of
from scripts.reloading.watching import written_files

ROOT = Path(__file__).resolve().parents[2]


def stay(
    cloud: EmbeddedCloud,
    stage: str,
    *,
    deployed: Contents,
    timeline: Timeline | None,
    tell: Callable[[str], None],
) -> None:
    """Stay until Ctrl-C.

    Args:
        cloud: Where *stage* is deployed.
        stage: Its name.
        deployed: What of this checkout is.
        timeline: Is told of every turn, if there is one.
        tell: Given each line for the developer.

    Raises:
        EmbeddedCloudError: A server ended by itself.
        KeyboardInterrupt: Ctrl-C.
    """
    artifact = Artifact(cloud.client("cloudformation"), cloud.client("s3"), f"Hotline-{stage}-Runtime")
    overrides = cloud.overrides
    reloader = Reloader(ROOT, artifact, lambda: cloud.deploy(stage, overrides), deployed=deployed, tell=tell)
    logs = AgentLogs(cloud.agent_logs)
    reloader.look()  # what was saved while everything was deployed
    for files in written_files(ROOT, logs.folder):
        cloud.check_servers()
        _follow(logs, files, timeline, tell)
        if any(not file.is_relative_to(logs.folder) for file in files):
            reloader.look()


def _follow(
    logs: AgentLogs, files: set[Path], timeline: Timeline | None, tell: Callable[[str], None]
) -> None:
    for file in files:
        if not file.is_relative_to(logs.folder):
            continue
        for record in logs.new_records(file):
            if line := line_of(record):
                tell(line)
            if timeline:
                timeline.add(record)
