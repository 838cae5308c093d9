"""What the function that phone providers call may know."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from runtime.settings.environment import Settings, optional


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneLine:
    """What is known of one provider of phone numbers."""

    secret_arn: str
    """Secret with what its webhooks are verified with."""
    numbers: tuple[str, ...]
    """Its numbers that lead here, as E.164 writes them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TelephonySettings(Settings):
    """What the function that phone providers call must know besides `DoorSettings`."""

    caller_key: str
    """ARN of the KMS key that hides callers' numbers."""
    public_url: str
    """Scheme and host under which providers know the door; some of them sign it."""
    phone_lines: str
    """See `lines_to_text`."""
    phone_concurrency: int
    """Phone calls at once."""
    calls_per_number: int
    """Of those, from one number."""
    replay_seconds: int
    """Age from which on a webhook that says when it was signed is not believed any more."""
    caller_countries: str
    """Countries that calls are taken from (ISO 3166), apart by spaces."""
    caller_numbers: str = optional()
    """Numbers that calls are taken from, apart by spaces; all when it is empty."""
    bridge_url: str = optional()
    """Where the streams of providers go that cannot connect to AgentCore themselves."""
    tells_numbers: bool = False
    """Whether agents learn what their callers call from: those that hand callers over to people do."""

    @property
    def lines(self) -> dict[str, PhoneLine]:
        """The stage's lines, by provider."""
        said = json.loads(self.phone_lines)
        return {
            name: PhoneLine(secret_arn=line["secret_arn"], numbers=tuple(line["numbers"]))
            for name, line in said.items()
        }


def lines_to_text(lines: Mapping[str, PhoneLine]) -> str:
    """Write lines as `TelephonySettings.lines` reads them."""
    return json.dumps({name: asdict(line) for name, line in lines.items()}, separators=(",", ":"))
