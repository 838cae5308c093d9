"""What can go wrong between a caller, the door and the ledger.

HotlineError
└── DoorError
    ├── InvalidRequestError       the request is not what the route takes: send another
    ├── BodyTooLargeError         it is longer than any request for a session
    ├── CallerUnknownError        nobody was authenticated: sign the request
    ├── RouteUnknownError         the door has no such route
    ├── SessionUnknownError       this caller has no such session
    ├── ConcurrencyReachedError   every place is taken: try again when a call has ended
    ├── SessionConflictError      the session is of another kind, or over: the request cannot be for it
    ├── SessionNotOpenError       the session cannot be joined: ask the door for another
    ├── SessionEndedError         the session is closed or was never there: hang up
    ├── LedgerUnavailableError    DynamoDB did not do it: nothing was half written; try again
    ├── RelaysUnavailableError    there is no relay for audio: try again, or mend the deployment
    └── AgentCoreUnavailableError AgentCore did not do it: try again, or mend the deployment
        └── AgentRefusedError     the agent itself would not
"""

from runtime.errors import HotlineError


class DoorError(HotlineError):
    """Base of every error that the door and its ledger raise."""


class InvalidRequestError(DoorError):
    """The request is not what the route takes; nothing was done."""


class BodyTooLargeError(DoorError):
    """The body is longer than any request for a session; it was not read."""


class CallerUnknownError(DoorError):
    """API Gateway authenticated nobody, so nothing is theirs."""


class RouteUnknownError(DoorError):
    """The door has no such route."""


class SessionUnknownError(DoorError):
    """The caller has no such session, whether or not another has."""


class ConcurrencyReachedError(DoorError):
    """Every session that the deployment allows at once is open; none was added."""


class SessionConflictError(DoorError):
    """The caller's session is not one, or not any more, that takes such a request; nothing was changed."""


class SessionNotOpenError(DoorError):
    """The session is unknown, already joined or closed; nothing was changed."""


class SessionEndedError(DoorError):
    """The session is unknown or closed, so the call it belongs to must end."""


class LedgerUnavailableError(DoorError):
    """DynamoDB refused or did not answer; the ledger is as it was."""


class RelaysUnavailableError(DoorError):
    """Whoever runs the relays issues no credentials, so audio has no way."""


class AgentCoreUnavailableError(DoorError):
    """AgentCore, or the credentials to ask it, cannot be had."""


class AgentRefusedError(AgentCoreUnavailableError):
    """The agent was asked and would not.

    Args:
        message: What it was asked, and what to do.
        status: The HTTP status of its answer, which is all of it that AgentCore passes on.
    """

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status
