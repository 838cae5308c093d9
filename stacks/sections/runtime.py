"""The knobs of the agent."""

from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from stacks.sections.section import LOG_PRICE, RetentionDays, Section, price


class RuntimeConfig(Section):
    """The agent on AgentCore Runtime, and the caps of one call."""

    # Ids from the model cards; `stacks/regions.py` says where they run.
    model_id: Literal["amazon.nova-2-5-sonic", "amazon.nova-2-sonic-v1:0"] = Field(
        "amazon.nova-2-5-sonic",
        description="Speech-to-speech model. 2.5 answers about 0.4 s after the caller stops, 2 waits 1.5 to 2 s.",
        json_schema_extra=price(
            "speech US$3 in and US$12 out, text US$0.33 in and US$2.75 out per million tokens; Tokyo 21 % more "
            "(aws.amazon.com/bedrock/pricing)"
        ),
    )
    # Nova Sonic language support page, October 2026.
    voice_id: Literal[
        "tiffany", "matthew", "amy", "olivia", "kiara", "arjun", "ambre", "florian", "beatrice", "lorenzo",
        "tina", "lennart", "lupe", "carlos", "carolina", "leo",
    ] = Field("tiffany", description="Voice of the agent; tiffany and matthew speak every language.")  # fmt: skip
    endpointing_sensitivity: Literal["HIGH", "MEDIUM", "LOW"] = Field(
        "HIGH", description="How short a pause ends the caller's turn; HIGH answers soonest."
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
            "about US$0.0084 per minute for the model (aws.amazon.com/bedrock/pricing), less than US$0.001 for AgentCore "
            "(aws.amazon.com/bedrock/agentcore/pricing)"
        ),
    )
    # A full hour costs about US$0.50 for the model: 50 is two orders above, a typing error beyond it.
    call_cost_usd: float = Field(
        1.0, ge=0.05, le=50, description="What one call may cost in model tokens before it ends politely."
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
