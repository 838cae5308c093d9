"""Where an embedded cloud answers."""

from pydantic import Field

from stacks.sections.section import Section


class EndpointsConfig(Section):
    """Where an embedded cloud on this machine answers; absent on AWS."""

    # Loopback only: a stage must not be able to send calls and credentials to another host.
    services: str = Field(
        pattern=r"^http://localhost:\d{1,5}$", description="All services but the two below."
    )
    bedrock: str = Field(pattern=r"^https://localhost:\d{1,5}$", description="The model (HTTP/2 needs TLS).")
    agentcore: str = Field(pattern=r"^http://localhost:\d{1,5}$", description="The data plane of AgentCore.")
