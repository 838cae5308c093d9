"""Why the bridge does not carry a stream."""

from runtime.errors import HotlineError


class StreamRefusedError(HotlineError):
    """Whoever connected is not a provider with a ticket that is good; nothing was opened for them."""


class AgentUnreachableError(HotlineError):
    """AgentCore does not let the bridge in to the agent of a session."""
