"""Ways to make this Bedrock fail as the real one does; all of them can be changed while it runs."""

from dataclasses import dataclass

from scripts.embedded.bedrock.exchange import Exchange
from scripts.embedded.bedrock.refusal import denied, expired, throttled


@dataclass(slots=True, kw_only=True)
class Faults:
    """What goes wrong.  A count says how many of the next streams it befalls."""

    throttle: int = 0
    """429 ThrottlingException at connect."""
    deny: int = 0
    """403 AccessDeniedException at connect."""
    expire_credentials: int = 0
    """403 ExpiredTokenException at connect."""
    refuse: int = 0
    """The connection is cut before any answer."""
    stall: int = 0
    """The stream opens, and then nothing is read or written any more."""
    drop_after_seconds: float | None = None
    """Age at which the connection of every new stream is cut without a word."""

    def befall_connect(self, exchange: Exchange) -> bool:
        """Do what is due before a stream opens and say whether the exchange is over.

        Raises:
            Refusal: The stream is to be refused.
        """
        self.befall_request(exchange.headers[":path"])
        if self._take("refuse"):
            exchange.drop()
            return True
        return False

    def befall_request(self, path: str = "") -> None:
        """Refuse what is asked for at *path*, if that is due.

        Raises:
            Refusal: It is.
        """
        if self._take("throttle"):
            raise throttled()
        if self._take("deny"):
            raise denied("bedrock:InvokeModelWithBidirectionalStream", path)
        if self._take("expire_credentials"):
            raise expired()

    def takes_stall(self) -> bool:
        """Say whether this stream is to stall."""
        return self._take("stall")

    def _take(self, name: str) -> bool:
        left: int = getattr(self, name)
        if left > 0:
            setattr(self, name, left - 1)
        return left > 0
