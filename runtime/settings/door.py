"""What the door's functions may know."""

from dataclasses import dataclass

from runtime.settings.environment import Settings, optional


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorSettings(Settings):
    """Everything that the door's Lambda functions may know about where they run, but for its relays.

    Those are described by the variables of `turn.settings`, which the function that serves callers has.
    """

    stage: str
    region: str
    runtime_arn: str
    endpoint_name: str
    """AgentCore endpoint (its `qualifier`) that sessions are bound to."""
    ledger_table: str
    concurrency: int
    """Sessions that may be open at once."""
    sessions_per_caller: int
    """Of those, sessions of one caller."""
    sessions_per_caller_and_minute: int
    """Sessions that one caller may open in a minute."""
    call_seconds: int
    idle_seconds: int
    """Silence from both ends after which the agent ends a call."""
    call_cost_usd: float
    """What one call may cost in model tokens before the agent ends it."""
    lifetime_seconds: int
    """Life of a microVM, which AgentCore ends."""
    join_seconds: int
    """Life of a pre-signed way in: it bounds the connect, not the call."""
    heartbeat_lost_seconds: int
    """Silence of the agent after which the reaper takes its session for dead."""
    caller_policy: str
    """`relay` or `all`: what WebRTC calls the browser's ICE transport policy."""
    relay_networks: str = optional()
    """Networks that are not on the Internet and that relays' addresses are in nevertheless, divided by commas."""
    allocations_per_call: int = 0
    """Relay allocations that one call holds; 0 where nobody counts them."""
    allowed_origins: str = optional()
    """Origins of web pages, besides the door's own, that may send requests, apart by spaces."""
    agentcore_url: str = optional()
