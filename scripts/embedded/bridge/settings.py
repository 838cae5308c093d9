"""What the bridge is told here: of the stage its outputs, and limits where a stage would have its own."""

from collections.abc import Mapping

from runtime.settings.bridge import BridgeSettings
from scripts.embedded.address import REGION, Ports

BRIDGED_STREAMS = 20
"""Phone calls over the bridge at once; more than this machine holds agents for."""

LONGEST_CALL_SECONDS = 3_600
"""The most that a stage may have."""

JOIN_SECONDS = 60
"""How long the bridge's own way in lives."""


def bridge_settings(stage: str, outputs: Mapping[str, str], ports: Ports) -> BridgeSettings:
    """Return the settings for *stage*, whose stack of the agent has these *outputs*."""
    return BridgeSettings(
        stage=stage,
        region=REGION,
        runtime_arn=outputs["RuntimeArn"],
        endpoint_name=outputs["EndpointName"],
        ledger_table=outputs["LedgerTable"],
        call_seconds=LONGEST_CALL_SECONDS,
        join_seconds=JOIN_SECONDS,
        streams_per_task=BRIDGED_STREAMS,
        agentcore_url=ports.endpoints()["agentcore"],
    )
