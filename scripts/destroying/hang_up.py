"""Ends the calls of a stage before what carries them is taken away."""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from runtime.door.errors import LedgerUnavailableError
from scripts.calling.deployment import Deployment
from scripts.deploying.place import Place
from scripts.operating.sessions import SessionDesk
from scripts.operating.stage import Stage

NEEDED = ("LedgerTable", "RuntimeArn", "EndpointName")
"""Outputs of the Runtime stack, by which sessions are found and stopped."""


def hang_up(place: Place, runtime_stack: Any, tell: Callable[[str], None]) -> None:
    """Stop every open session; what could not be stopped is said, and AgentCore ends it with its runtime.

    Args:
        place: Where the stage is.
        runtime_stack: What CloudFormation says of its Runtime stack; None where there is none.
        tell: Told what was done.
    """
    outputs = {one["OutputKey"]: one["OutputValue"] for one in (runtime_stack or {}).get("Outputs", ())}
    if not all(name in outputs for name in NEEDED):
        return
    deployment = Deployment(
        stage=place.stage,
        region=place.region,
        outputs=outputs,
        session=place.session,
        services_url=place.services_url,
    )
    try:
        desk = SessionDesk(Stage(deployment=deployment, agentcore_url=place.agentcore_url))
        stopped, faults = desk.stop_all()
    except (LedgerUnavailableError, ClientError, BotoCoreError) as fault:
        tell(f"Open sessions are not known ({fault}); those that are on end with the runtime")
        return
    if stopped:
        tell(f"Stopped {len(stopped)} session{'' if len(stopped) == 1 else 's'}")
    for why in faults:
        tell(f"Not stopped: {why}")
