"""The knobs of the agent."""

from pydantic import Field, ValidationInfo, field_validator

from stacks.sections.brain import BrainConfig, SonicConfig
from stacks.sections.section import LOG_PRICE, RetentionDays, Section, price


class RuntimeConfig(Section):
    """The agent on AgentCore Runtime, and the caps of one call."""

    brain: BrainConfig = Field(
        default_factory=lambda: SonicConfig.model_validate({"kind": "sonic"}),
        description="What hears, thinks and speaks, chosen by `kind`; absent, Nova Sonic with its defaults.",
    )
    # AgentCore ends a microVM session after 60 s of idleness at the earliest, and the CDK construct
    # rejects less (runtime-lifecycle-settings.md; service model: 60 to 1,209,600).
    idle_seconds: int = Field(
        60, ge=60, le=900, description="Silence from both ends after which a call ends."
    )
    # A WebSocket on AgentCore lasts 60 minutes at most, not adjustable (bedrock-agentcore-limits.md).
    call_seconds: int = Field(
        900,
        ge=60,
        le=3_600,
        description="Longest call.",
        # 25 tokens a second of speech, the caller's half of the time and the agent's 30 %; 0.15 vCPU and 0.8 GB.
        json_schema_extra=price(
            "about US$0.0084 per minute for Nova Sonic (aws.amazon.com/bedrock/pricing), US$0.03 for the cascade "
            "(aws.amazon.com/transcribe/pricing), less than US$0.001 for AgentCore "
            "(aws.amazon.com/bedrock/agentcore/pricing)"
        ),
    )
    # A full hour costs about US$0.50 for the model: 50 is two orders above, a typing error beyond it.
    call_cost_usd: float = Field(
        1.0,
        ge=0.05,
        le=50,
        description="What one call may cost in models and speech services before it ends politely.",
    )
    endpoint_version: int | None = Field(
        None,
        ge=1,
        description="Version of the agent that calls reach; none is the newest. Set it to roll back.",
    )
    log_retention_days: RetentionDays = Field(
        30, description="How long the agent's logs are kept.", json_schema_extra=price(LOG_PRICE)
    )

    @field_validator("call_seconds")
    @classmethod
    def _outlasts_silence(cls, call_seconds: int, info: ValidationInfo) -> int:
        if call_seconds < info.data.get("idle_seconds", 0):
            raise ValueError(
                f"is shorter than idle_seconds ({info.data['idle_seconds']}), which could never act"
            )
        return call_seconds
