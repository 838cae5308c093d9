"""What can go wrong between a caller, the door and the ledger.

HotlineError
└── DoorError
    ├── InvalidRequestError       the request is not what the route takes: send another
    ├── BodyTooLargeError         it is longer than any request for a session
    ├── CallerUnknownError        nobody was authenticated: sign the request
    ├── RouteUnknownError         the door has no such route
    ├── UnforeseenError           a fault of the door's own: its log says where
    ├── SessionUnknownError       this caller has no such session
    ├── TokenRefusedError         a guest's token is none of ours: nobody passes with it
    ├── InviteSpentError          the invite has been used, withdrawn or is too old: ask for another
    ├── InviteUnknownError        this caller has made no such invite
    ├── KeyUnavailableError       KMS did not seal or compare a token: try again, or mend the deployment
    ├── TooManyBegunError         this caller begins too much at once: try again a little later
    ├── ForeignPageError          a web page that is not ours sent the request
    ├── ConcurrencyReachedError   every place is taken: try again when a call has ended
    ├── CallerLimitError          this caller has all the sessions that one may have: end one
    ├── ShareTakenError           a sort of callers has all the places that it may have: try again later
    ├── BudgetSpentError          the month's budget is spent: new sessions wait until somebody resumes
    ├── WebhookForgedError        no provider of ours signed the webhook, or not just now: nobody is calling
    ├── WebhookReplayedError      the webhook was answered before, or its call is over
    ├── BudgetNoticeError         what came by the budget's topic is no notice of ours: nothing was closed
    ├── SessionConflictError      the session is of another kind, or over: the request cannot be for it
    ├── SessionNotOpenError       the session cannot be joined: ask the door for another
    ├── SessionEndedError         the session is closed or was never there: hang up
    ├── RowUnreadableError        a session's row is not one of ours: look at it, and delete it
    ├── LedgerUnavailableError    DynamoDB did not do it: nothing was half written; try again
    ├── RelaysUnavailableError    there is no relay for audio: try again, or mend the deployment
    └── AgentCoreUnavailableError AgentCore did not do it: try again, or mend the deployment
        └── AgentRefusedError     the agent itself would not
"""

from dataclasses import dataclass

from runtime.errors import HotlineError


class DoorError(HotlineError):
    """Base of every error that the door and its ledger raise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong with a request, in words that repeat no value of it."""

    where: str
    """The field, such as `candidates.3.sdpMid`; empty when it is the request as a whole."""
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" if self.where else self.what


class InvalidRequestError(DoorError):
    """The request is not what the route takes; nothing was done.

    Args:
        message: What to send instead.
        faults: Each thing that is wrong, when there is more to say than the message.
    """

    def __init__(self, message: str, *, faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(message)
        self.faults = faults


class BodyTooLargeError(DoorError):
    """The body is longer than any request for a session; it was not read."""


class CallerUnknownError(DoorError):
    """API Gateway authenticated nobody, so nothing is theirs."""


class RouteUnknownError(DoorError):
    """The door has no such route."""


class UnforeseenError(DoorError):
    """The door stumbled; the caller cannot help it, and hears nothing of why."""

    def __init__(self) -> None:
        super().__init__(
            "The door could not do this, and that is not your fault.  Give the request id to the people who run "
            "this deployment."
        )


class SessionUnknownError(DoorError):
    """The caller has no such session, whether or not another has."""


class TokenRefusedError(DoorError):
    """A guest's token is not worth anything here; the message completes "refused, because"."""


class InviteSpentError(DoorError):
    """The invite has been used or withdrawn, or it is unknown or too old by now; nothing was opened."""


class InviteUnknownError(DoorError):
    """The caller has made no such invite, whether or not another has."""


class KeyUnavailableError(DoorError):
    """KMS, or the key that seals guests' tokens, cannot be had."""


class TooManyBegunError(DoorError):
    """The caller begins sessions or invites faster than the deployment allows; nothing was begun.

    Args:
        message: What to do.
        retry_seconds: When the caller may begin another.
    """

    def __init__(self, message: str, *, retry_seconds: int) -> None:
        super().__init__(message)
        self.retry_seconds = retry_seconds


class ForeignPageError(DoorError):
    """A browser sent the request for a web page of another origin that the deployment does not name."""


class ConcurrencyReachedError(DoorError):
    """Every session that the deployment allows at once is open; none was added."""


class CallerLimitError(DoorError):
    """The caller has as many sessions as one caller may have at once; none was added."""


class ShareTakenError(DoorError):
    """A sort of callers has all the places of the stage's that it may have; none was added."""


class BudgetSpentError(DoorError):
    """The month's budget is spent, so no session is opened; those that are open go on."""


class WebhookForgedError(DoorError):
    """The webhook is not what a provider of ours has just signed; nothing was done."""


class WebhookReplayedError(DoorError):
    """The webhook has had its answer; nothing was done again."""


class BudgetNoticeError(DoorError):
    """What came is not Budgets' word that the stage's budget is spent; nothing was closed."""


class SessionConflictError(DoorError):
    """The caller's session is not one, or not any more, that takes such a request; nothing was changed."""


class SessionNotOpenError(DoorError):
    """The session is unknown, already joined or closed; nothing was changed."""


class SessionEndedError(DoorError):
    """The session is unknown or closed, so the call it belongs to must end."""


class RowUnreadableError(DoorError):
    """A session's row says what no program of this version has written; nothing was done with the session."""


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
