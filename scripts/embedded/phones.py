"""Phone lines of the embedded cloud: numbers at four providers, with secrets that were made up for it."""

import base64
import secrets
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

NUMBERS = {
    "twilio": "+14155550101",
    "vonage": "+14155550102",
    "telnyx": "+14155550103",
    "plivo": "+14155550104",
}
"""In the range that is kept for fiction (NANPA: 555-0100 to 555-0199)."""

CALLER = "+12025550142"
"""Who calls; of the same range, in the country that is served."""

PLACES = 12
"""Calls from phones at once, all of them from one number: most of what the stage has (15)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneAccount:
    """A number at a provider, and what the provider signs with."""

    provider: str
    number: str
    """What is called."""
    caller: str
    """Who calls."""
    secret: str = field(repr=False)
    """What the provider has: for Telnyx a private key (base64), of which the door has the public one."""


def connect_phones(secrets_manager: Any, bridge_url: str) -> tuple[list[PhoneAccount], dict[str, Any]]:
    """Make the providers' secrets; return what the providers have, and the stage's section `telephony`."""
    accounts = []
    section: dict[str, Any] = {
        "caller_countries": ["US"],
        "concurrency": PLACES,
        "concurrency_per_number": PLACES,
        "bridge": {"kind": "process", "url": bridge_url},
    }
    for provider, number in NUMBERS.items():
        theirs, ours = _key_pair() if provider == "telnyx" else (secrets.token_hex(16),) * 2
        created = secrets_manager.create_secret(Name=f"hotline/{provider}", SecretString=ours)
        section[provider] = {"secret_arn": created["ARN"], "numbers": [number]}
        accounts.append(PhoneAccount(provider=provider, number=number, caller=CALLER, secret=theirs))
    return accounts, section


def _key_pair() -> tuple[str, str]:
    """Return a private and its public key, as Telnyx shows them."""
    key = Ed25519PrivateKey.generate()
    private, public = key.private_bytes_raw(), key.public_key().public_bytes_raw()
    return base64.b64encode(private).decode(), base64.b64encode(public).decode()
