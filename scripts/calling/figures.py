"""What a call measured: what `scripts/call --json` and `scripts/local --call --json` write.

The JSON object has exactly the fields of `CallFigures`, under the same names.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path as FilePath

from scripts.calling.path import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFigures:
    """One call, as the caller measured it on the wire and as the ledger closed it."""

    stage: str
    transport: str
    session_id: str
    said: str
    """What the caller said, or the file that was played."""
    join_seconds: float
    """From asking the door for a session to the first audible sound of the agent."""
    voice_to_voice_seconds: float
    """From the last audible sound of the caller being sent to the first audible sound of the answer."""
    call_seconds: float
    """From asking the door for a session to hanging up."""
    ledger_seconds: float
    """From the agent joining to the end of the session; what the ledger holds."""
    reason: str
    """Why the session ended, in the ledger's words; `hang_up` when all went well."""
    tool_calls: int | None
    """Tools that the agent's pipeline dispatched after the caller spoke, as it reported them on the line; nothing
    over a phone line, which is told nothing but audio."""
    interruptions: int
    """How often the agent gave way to the caller."""
    speech_input_tokens: int
    speech_output_tokens: int
    text_input_tokens: int
    text_output_tokens: int
    cost_usd: float
    """Of the model, and of the speech services beside it, at list price."""
    path: Path | None = None
    """What carried the audio; over WebRTC only."""
    emulated_relays: str = ""
    """What of the relays is emulated, in words; empty on AWS, and over a WebSocket."""

    def write(self, path: FilePath, **more: object) -> None:
        """Write the figures as one JSON object, with *more* fields beside them.

        Raises:
            OSError: The file cannot be written.
        """
        path.write_text(json.dumps(asdict(self) | more, indent=2) + "\n")

    def rows(self) -> list[tuple[str, str]]:
        """Return what a person wants to know, in order."""
        tokens = (
            f"{self.speech_input_tokens} in, {self.speech_output_tokens} out (speech); "
            f"{self.text_input_tokens} in, {self.text_output_tokens} out (text)"
        )
        return [
            ("Join time", f"{self.join_seconds:.2f} s"),
            ("Voice to voice", f"{self.voice_to_voice_seconds * 1000:.0f} ms"),
            ("Duration", f"{self.call_seconds:.1f} s (ledger: {self.ledger_seconds:.1f} s, {self.reason})"),
            *([] if self.tool_calls is None else [("Tools called", str(self.tool_calls))]),
            ("Tokens", tokens),
            ("Model cost", f"US${self.cost_usd:.6f}"),
            *(self.path.rows() if self.path else ()),
            *([("Relays", self.emulated_relays)] if self.emulated_relays else ()),
        ]
