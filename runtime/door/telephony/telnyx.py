"""Telnyx: requests signed with Ed25519 over the time and the body, answers in TeXML.

Sources: the headers of every callback in the API reference (developers.telnyx.com/api-reference/callbacks) and
`webhook_verification.py` of Telnyx's own library, 4.189; "Stream" and "Reject" among the TeXML verbs.
"""

import base64
import binascii

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from runtime.door.errors import WebhookForgedError
from runtime.door.telephony.documents import Document, Way, element, xml
from runtime.door.telephony.webhook import PhoneCall, Webhook, waits
from runtime.errors import SettingsError


class Telnyx:
    """Calls that Telnyx brings to a TeXML application."""

    bridged = False

    def read(self, webhook: Webhook, secret: str) -> PhoneCall:
        """Return what *webhook* says; *secret* is the account's public key in base64."""
        moment, sent = webhook.header("telnyx-timestamp"), webhook.header("telnyx-signature-ed25519")
        try:
            signed_at = int(moment)
            _key(secret).verify(base64.b64decode(sent, validate=True), moment.encode() + b"|" + webhook.body)
        except (ValueError, binascii.Error, InvalidSignature):
            raise WebhookForgedError("telnyx-signature-ed25519 is not that of this request.") from None
        fields = dict(webhook.form())
        return PhoneCall.from_fields(
            fields, ("CallSid", "From", "To"), proof=sent, signed_at=signed_at, waits=waits(fields)
        )

    def connect(self, way: Way, *, longest_seconds: int) -> Document:  # noqa: ARG002 - the agent ends it
        """Stream the call to *way*."""
        spoken = {"codec": "PCMU", "bidirectionalMode": "rtp", "bidirectionalCodec": "PCMU"}
        return xml(element("Connect", element("Stream", url=way.url, **spoken)))

    def say(self, words: str) -> Document:
        """Say *words* and hang up."""
        return xml(element("Say", text=words), element("Hangup"))

    def reject(self) -> Document:
        """Hang up without answering."""
        return xml(element("Reject", reason="rejected"))


def _key(text: str) -> Ed25519PublicKey:
    try:
        return Ed25519PublicKey.from_public_bytes(base64.b64decode(text, validate=True))
    except (ValueError, binascii.Error):
        raise SettingsError(
            "The secret for Telnyx holds no Ed25519 key in base64, so no webhook can be verified.  Store the "
            "public key from the portal (Keys & Credentials) in it."
        ) from None
