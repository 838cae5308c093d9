"""What can go wrong between us and a relay.

TurnError
├── TurnSettingsError          the environment names no usable source of relays: deploy again
├── RelaysBusyError            whoever runs the relays says not now: a later attempt may succeed
├── RelaysUnreachableError     whoever runs the relays did not answer: network, or an outage of theirs
├── RelaysRefusedError         whoever runs the relays will not, until the deployment is mended
│   └── ChannelGoneError       one signaling channel of the pool was deleted
├── AllocationError            a relay was asked for an allocation and gave none
└── NoWayError                 every relay was asked, in every way, and none gave an allocation
"""


class TurnError(Exception):
    """No relay can be used; the message says why and what to do."""


class TurnSettingsError(TurnError):
    """The variables that the deployment wrote are missing or make no sense."""


class RelaysBusyError(TurnError):
    """No credentials now, because a rate or the number of allocations is at its limit."""


class RelaysUnreachableError(TurnError):
    """No credentials, because the service that issues them did not answer sensibly."""


class RelaysRefusedError(TurnError):
    """No credentials before somebody mends the deployment, its rights or its key."""


class ChannelGoneError(RelaysRefusedError):
    """A signaling channel that the pool names does not exist any more."""


class AllocationError(TurnError):
    """A relay gave no allocation.

    Args:
        message: What it answered, or how it was silent, and what to do.
        code: The STUN error code of its answer; none when there was no answer.
    """

    def __init__(self, message: str, *, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


class NoWayError(TurnError):
    """No relay can be reached; the message has the reason for each way that was tried."""
