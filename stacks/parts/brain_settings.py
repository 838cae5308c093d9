"""What the agent is told of its brain."""

from typing import Any

from runtime.settings.brains import CASCADE, SONIC
from stacks.config import CascadeConfig, SonicConfig
from stacks.regions import CASCADE_PROFILES


def brain_settings(config: SonicConfig | CascadeConfig, region: str) -> dict[str, Any]:
    """Return the fields of `RuntimeSettings` that say which brain it has, for an agent in *region*."""
    if isinstance(config, SonicConfig):
        return {
            "brain_kind": SONIC,
            "model_id": config.model_id,
            "voice_id": config.voice_id,
            "endpointing_sensitivity": config.endpointing_sensitivity,
        }
    prefix, _ = CASCADE_PROFILES[region]
    return {
        "brain_kind": CASCADE,
        "model_id": f"{prefix}{config.model_id}",
        "voice_id": config.voice_id,
        "language": config.language,
        "speech_engine": config.engine,
        "pause_seconds": config.pause_seconds,
    }
