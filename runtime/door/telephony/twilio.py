"""Twilio: requests signed with HMAC over address and form, answers in TwiML.

Sources: "Secure webhooks" (twilio.com/docs/usage/webhooks/webhooks-security); "TwiML Voice: Stream" and "Reject";
error 31920: a stream's URL must have no query.
"""

import base64
import hmac
from collections.abc import Iterable
from typing import Final

from runtime.door.errors import WebhookForgedError
from runtime.door.telephony.documents import Document, Way, element, xml
from runtime.door.telephony.webhook import PhoneCall, Webhook, waits

# The second one where an account signs with a shared key instead of its Auth Token; the header that names it is
# not signed, and does not have to be: both need the secret.
_HASHES: Final = {"HMAC_SHA1": "sha1", "HMAC_SHA256": "sha256"}


class Twilio:
    """Calls that Twilio brings."""

    bridged = True

    def read(self, webhook: Webhook, secret: str) -> PhoneCall:
        """Return what *webhook* says; *secret* is the Auth Token, or a shared key."""
        fields = webhook.form()
        sent = webhook.header("x-twilio-signature")
        algorithm = _algorithm(webhook.header("x-twilio-webhooks-signature-settings"))
        if algorithm not in _HASHES:
            raise WebhookForgedError("Twilio names an algorithm that it does not sign with.")
        made = signature(secret, webhook.url, fields, algorithm=algorithm)
        if not hmac.compare_digest(made.encode(), sent.encode()):
            raise WebhookForgedError("X-Twilio-Signature is not that of this request to this address.")
        said = dict(fields)
        return PhoneCall.from_fields(said, ("CallSid", "From", "To"), proof=sent, waits=waits(said))

    def connect(self, way: Way, *, longest_seconds: int) -> Document:  # noqa: ARG002 - the bridge ends it
        """Stream the call to *way*."""
        parameters = [element("Parameter", name=name, value=value) for name, value in way.parameters.items()]
        return xml(element("Connect", element("Stream", *parameters, url=way.url)))

    def say(self, words: str) -> Document:
        """Say *words* and hang up."""
        return xml(element("Say", text=words), element("Hangup"))

    def reject(self) -> Document:
        """Hang up without answering."""
        return xml(element("Reject", reason="rejected"))


def signature(
    secret: str, url: str, fields: Iterable[tuple[str, str]], *, algorithm: str = "HMAC_SHA1"
) -> str:
    """Return what Twilio signs a form with: each field once per value, sorted, behind the address."""
    signed = url + "".join(name + value for name, value in sorted(set(fields)))
    return base64.b64encode(hmac.digest(secret.encode(), signed.encode(), _HASHES[algorithm])).decode()


def _algorithm(settings: str) -> str:
    named = dict(part.strip().partition("=")[::2] for part in settings.split(","))
    return named.get("algorithm", "").upper() or "HMAC_SHA1"
