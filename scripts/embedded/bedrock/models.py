"""The models that this Bedrock serves, and how long each waits before it answers."""

from collections.abc import Mapping
from dataclasses import dataclass

DEFAULT_SENSITIVITY = "MEDIUM"


@dataclass(frozen=True, slots=True)
class Model:
    """A speech-to-speech model of Bedrock."""

    model_id: str
    endpointing_seconds: Mapping[str, float]
    """Silence that ends the caller's turn, by `endpointingSensitivity`."""


MODELS = {
    model.model_id: model
    for model in (
        # Source: Nova 2 user guide, sonic-turn-taking.
        Model("amazon.nova-2-sonic-v1:0", {"HIGH": 1.5, "MEDIUM": 1.75, "LOW": 2.0}),
        # Source: measurements that others published against the live service in October 2026: about
        # 0.4 s after speech ends.  AWS gives no figure, and none by sensitivity.
        Model("amazon.nova-2-5-sonic", {"HIGH": 0.4, "MEDIUM": 0.4, "LOW": 0.4}),
    )
}

# Source: model card of Nova Sonic: end of life on 14 September 2026.
RETIRED = frozenset({"amazon.nova-sonic-v1:0"})
