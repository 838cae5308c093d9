"""What can go wrong when a call is placed.

CallError
├── NotDeployedError      there is no such stage, or the embedded cloud is not running
├── CredentialsError      AWS would not know who is asking
├── SpeechError           there is nothing to say: no text, no usable WAV file
├── RefusedError          the door said no: not allowed, too many calls, budget
├── NoPathError           no relay answers, or no audio gets through them
├── NoAnswerError         the agent was silent for longer than a caller would wait
├── LostError             the line went dead in mid-call
└── WrongAnswerError      the call went through, and what the agent said or did is not right
"""


class CallError(Exception):
    """Base of every error of a call; the message is meant for the person who placed it."""


class NotDeployedError(CallError):
    """There is no deployment to dial under that name."""


class CredentialsError(CallError):
    """The deployer's AWS credentials are missing, expired or not allowed to look."""


class SpeechError(CallError):
    """What should be said cannot be turned into audio."""


class RefusedError(CallError):
    """The door refused the session; its own words are in the message."""


class NoPathError(CallError):
    """No WebRTC connection came about, so there is nothing to hear or to be heard by."""


class NoAnswerError(CallError):
    """The agent stayed silent, or never stopped talking, for longer than the caller waits."""


class LostError(CallError):
    """The connection ended before the call was over."""


class WrongAnswerError(CallError):
    """The call went through, but not as it should have."""
