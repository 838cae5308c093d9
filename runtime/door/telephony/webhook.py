"""What a phone provider sends when somebody calls, and what is known once its signature is proven."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self
from urllib.parse import parse_qsl

from runtime.door.errors import InvalidRequestError
from runtime.door.http import body_of

MAX_WEBHOOK_BYTES: Final = 16 * 1024
"""Several times what any of the providers documents for a call, with every optional field."""

_MOST_FIELDS = 200

# "Call status" as Twilio has it, Telnyx and Plivo after it: what a call has before and while it is answered.
_WAITING = frozenset({"", "queued", "initiated", "ringing", "in-progress"})

# ITU-T E.164: a country code, which never begins with 0, and at most 15 digits in all.  Vonage and Plivo leave
# the + out.
_NUMBER = re.compile(r"\+?([1-9]\d{6,14})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """One request that claims to come from a provider."""

    provider: str
    """As the path names it; it need not be one that exists."""
    url: str
    """The address that the provider was told, whatever the request itself says of it: some sign it."""
    headers: Mapping[str, str] = field(repr=False)
    """With names in small letters, as API Gateway hands them over."""
    body: bytes = field(repr=False)

    @classmethod
    def from_event(cls, event: Mapping[str, Any], *, public_url: str) -> Self:
        """Read an event of payload format 2.0.

        Raises:
            InvalidRequestError: The body is not what its encoding says.
            BodyTooLargeError: It is longer than any webhook.
        """
        provider = event["pathParameters"]["provider"]
        return cls(
            provider=provider,
            url=f"{public_url}/telephony/{provider}",
            headers=event["headers"],
            body=body_of(event, MAX_WEBHOOK_BYTES),
        )

    def header(self, name: str) -> str:
        """Return a header, empty if it was not sent."""
        return self.headers.get(name, "")

    def form(self) -> list[tuple[str, str]]:
        """Return the fields of a body that is a form, in their order.

        Raises:
            InvalidRequestError: It is none.
        """
        try:
            return parse_qsl(
                self.body.decode("ascii"),
                keep_blank_values=True,
                errors="strict",
                max_num_fields=_MOST_FIELDS,
            )
        except ValueError:
            raise InvalidRequestError(
                "The body must be a form (application/x-www-form-urlencoded)."
            ) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneCall:
    """Somebody is calling: what the provider has signed."""

    call_id: str
    """The provider's own name for the call; repeated when it asks again."""
    caller: str = field(repr=False)
    """E.164 with its +; empty if the caller withholds it or calls from something else than a phone."""
    called: str = field(repr=False)
    proof: str = field(repr=False)
    """What only this very request has: a nonce, or its signature."""
    signed_at: float | None = None
    """Unix seconds, from a provider that signs the time."""
    waits: bool = True
    """Whether somebody waits to be told what to do with it; reports of how a call went come by the same way."""

    @classmethod
    def from_fields(
        cls,
        fields: Mapping[str, Any],
        names: tuple[str, str, str],
        *,
        proof: str,
        signed_at: float | None = None,
        waits: bool = True,
    ) -> Self:
        """Take the call's id, caller and called number from *fields*, where they have *names*.

        Raises:
            InvalidRequestError: There is no call in it.
        """
        call_id, caller, called = (fields.get(name, "") for name in names)
        if not (isinstance(call_id, str) and call_id):
            raise InvalidRequestError(f"{names[0]} must name a call.")
        return cls(
            call_id=call_id,
            caller=e164(caller),
            called=e164(called),
            proof=proof,
            signed_at=signed_at,
            waits=waits,
        )


def e164(text: object) -> str:
    """Write a number as E.164 has it; empty if it is none."""
    found = _NUMBER.fullmatch(text) if isinstance(text, str) else None
    return f"+{found[1]}" if found else ""


def waits(fields: Mapping[str, str]) -> bool:
    """Say whether a form asks what to do with a call, and is no report of how it went."""
    return fields.get("CallStatus", "") in _WAITING and "CallbackSource" not in fields
