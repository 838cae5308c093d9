"""The messages of a connection: RTVI over the data channel that the caller's page opens."""

import logging
from collections import deque
from collections.abc import Callable

from aiortc import RTCDataChannel

UNREAD_BYTES = 64 * 1024
"""What a caller may leave unread on the data channel before further messages are dropped."""

UNSENT_MESSAGES = 256
"""What waits for a page that has not opened its channel: a minute of a lively call; then the oldest is forgotten."""

_log = logging.getLogger(__name__)


class Messages:
    """Sends and takes text over one data channel, the first that the page opens.

    Args:
        tell: Told what the page sends.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._channel: RTCDataChannel | None = None
        self._unsent: deque[str] = deque(maxlen=UNSENT_MESSAGES)

    def open(self, channel: RTCDataChannel) -> None:
        """Take *channel*, and send what has waited for it."""
        if self._channel:
            return
        self._channel = channel
        channel.on("message", self._take)
        unsent = list(self._unsent)
        self._unsent.clear()
        for message in unsent:
            self.send(message)

    def send(self, message: str) -> None:
        """Send *message*, as soon as the page listens."""
        channel = self._channel
        if channel is None or channel.readyState == "connecting":
            self._unsent.append(message)
        elif channel.readyState == "open":
            if channel.bufferedAmount > UNREAD_BYTES:
                _log.warning("The caller reads no messages; one was dropped.")
                return
            channel.send(message)

    def _take(self, message: str | bytes) -> None:
        if isinstance(message, str):
            self._tell(message)
