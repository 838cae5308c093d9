"""What the door needs of a phone provider."""

from typing import Final, Protocol

from runtime.door.telephony.documents import Document, Way
from runtime.door.telephony.webhook import PhoneCall, Webhook

STREAM_GRACE_SECONDS: Final = 60
"""How much longer than a call a provider may stream: the agent says goodbye before it hangs up."""


class Provider(Protocol):
    """One company that has phone numbers."""

    bridged: bool
    """Whether audio needs our bridge, because the provider drops the query of a URL, and with it its signature."""

    def read(self, webhook: Webhook, secret: str) -> PhoneCall:
        """Return what *webhook* says, once its signature is proven with *secret*.

        Raises:
            WebhookForgedError: Whoever made it does not know the secret, or it was altered on the way.
            InvalidRequestError: It is genuine and about no call.
        """

    def connect(self, way: Way, *, longest_seconds: int) -> Document:
        """Stream the call to *way* and back, and hang up when that ends."""

    def say(self, words: str) -> Document:
        """Say *words* and hang up."""

    def reject(self) -> Document:
        """Hang up without answering, which costs nobody anything."""
