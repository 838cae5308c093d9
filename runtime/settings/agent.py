"""What the agent may know."""

from dataclasses import dataclass

from runtime.settings.brains import SONIC
from runtime.settings.environment import Settings, optional


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeSettings(Settings):
    """Everything that the agent may know about where it runs.

    The `*_url` fields are empty on AWS.  The embedded cloud sets them, and nothing else in the agent
    differs there: the Bedrock SDK reads neither `AWS_ENDPOINT_URL` nor `AWS_CA_BUNDLE`.
    """

    stage: str
    region: str
    brain_kind: str = SONIC
    """One of `runtime.settings.brains`."""
    model_id: str
    """The speech-to-speech model; for the cascade its text model, or the inference profile that leads to it."""
    voice_id: str
    endpointing_sensitivity: str = optional()
    """Sonic's: `HIGH`, `MEDIUM` or `LOW`: how short a pause ends the caller's turn."""
    language: str = optional()
    """The cascade's: what callers speak, as Transcribe names it."""
    speech_engine: str = optional()
    """The cascade's: Polly's engine."""
    pause_seconds: float = 0.0
    """The cascade's: how long the caller may go on after what Transcribe takes for an end."""
    idle_seconds: int
    """Silence from both ends after which the call ends."""
    call_seconds: int
    """Longest call."""
    call_cost_usd: float
    """What one call may cost in model tokens before it ends."""
    orders_table: str
    """DynamoDB table that the tool `order_status` reads."""
    ledger_table: str
    """DynamoDB table with one row per session: the door opens it, the agent reports to it."""
    callbacks_table: str = optional()
    """DynamoDB table with those who wait to be called back; nothing where nobody calls back."""
    callbacks_topic: str = optional()
    """SNS topic that tells people that somebody waits."""
    callback_days: int = 0
    """How long a request to be called back is kept."""
    queue_url: str = optional()
    """Where a caller is handed over to a queue of people; nothing where there is none."""
    queue_secret_arn: str = optional()
    """Secret that what is sent there is signed with."""
    bedrock_url: str = optional()
    services_url: str = optional()
