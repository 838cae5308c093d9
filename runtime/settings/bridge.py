"""What the bridge may know."""

from dataclasses import dataclass

from runtime.settings.environment import Settings, optional


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeSettings(Settings):
    """What a task of the bridge may know about where it runs."""

    stage: str
    region: str
    runtime_arn: str
    endpoint_name: str
    """AgentCore endpoint (its `qualifier`) that sessions are bound to."""
    ledger_table: str
    call_seconds: int
    """Longest call: the agent says goodbye before the bridge cuts."""
    join_seconds: int
    """Life of the way in that the bridge signs for itself."""
    streams_per_task: int
    """Phone calls that one task carries at once."""
    agentcore_url: str = optional()
