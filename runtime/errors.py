"""What can go wrong with the agent and its door.

HotlineError
├── SettingsError       the environment does not describe a deployment: fix the stack
├── CredentialsError    the role offers no credentials: mend the role or its endpoint
├── InvocationError     the door asked for something that cannot be done: it is told why
│   └── AgentBrokenError    the agent can never hold a call: its log says why, and it ends
├── NotAPhoneError      what was announced as a phone call is none: its stream is closed
├── QueueUnavailableError   the queue of people did not take a caller: mend it, or the secret
└── StreamLostError     a stream to the model broke, or never began: open another, or end the call
"""

from http import HTTPStatus


class HotlineError(Exception):
    """Base of every error that `runtime` raises."""


class SettingsError(HotlineError):
    """The environment does not describe a deployment; nothing was started."""


class CredentialsError(HotlineError):
    """Neither the role nor the environment offers credentials; AWS cannot be asked."""


class InvocationError(HotlineError):
    """An invocation asks for something that cannot be done.

    Args:
        code: What went wrong, in one word that programs know.
        message: The same for people; it names nobody and no password.
        status: The HTTP status to answer with.
    """

    def __init__(self, code: str, message: str, *, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


class AgentBrokenError(InvocationError):
    """What a call needs cannot be imported, so this agent will never hold one."""

    def __init__(self) -> None:
        super().__init__(
            "broken",
            "The agent cannot start; its log says why.  Deploy the runtime again.",
            status=HTTPStatus.INTERNAL_SERVER_ERROR,
        )


class NotAPhoneError(HotlineError):
    """A phone provider's stream was expected, and something else came."""


class QueueUnavailableError(HotlineError):
    """A caller could not be handed over to the queue of people."""


class StreamLostError(HotlineError):
    """The model refused a stream, ended it or fell silent on it."""
