"""What the door answers: the way into a session, and what it became."""

from typing import Literal

from pydantic import Field

from runtime.door.models import Answer
from runtime.door.session import State


class Limits(Answer):
    """What ends a call, however good it is."""

    call_seconds: int = Field(description="Longest call; the agent says goodbye before.")


class SocketWay(Answer):
    """A new session, and the WebSocket that joins it."""

    session_id: str
    url: str = Field(repr=False, description="Pre-signed: whoever holds it is let in.")
    expires_in_seconds: int = Field(description="How long the way in is open.")
    limits: Limits


class RelayServer(Answer):
    """One RTCIceServer of W3C webrtc-pc."""

    urls: list[str]
    username: str = Field("", exclude_if=lambda value: not value)
    credential: str = Field("", repr=False, exclude_if=lambda value: not value)


class RelayWay(Answer):
    """Everything that RTCPeerConnection is made with."""

    ice_servers: list[RelayServer]
    ice_transport_policy: str = Field(pattern="^(all|relay)$")


class WebRtcWay(RelayWay):
    """A new session, and the relays that its caller meets the agent on."""

    session_id: str
    expires_in_seconds: int = Field(description="How long an offer may be made.")
    limits: Limits


class GuestSocketWay(SocketWay):
    """The one session of an invite, and the WebSocket that joins it."""

    token: str = Field(
        repr=False, description="Opens what belongs to this session, below `/guest/sessions/{id}`."
    )


class GuestWebRtcWay(WebRtcWay):
    """The one session of an invite, and the relays that its guest meets the agent on."""

    token: str = Field(
        repr=False, description="Opens what belongs to this session, below `/guest/sessions/{id}`."
    )


class InviteMade(Answer):
    """An invite: whoever has it may open one session, once."""

    invite_id: str = Field(description="What the ledger and the logs call it.")
    invite: str = Field(
        repr=False,
        description="Put it behind `#invite=` into a link to the call page: browsers send no fragment anywhere.",
    )
    expires_in_seconds: int = Field(description="How long it can be redeemed.")
    limits: Limits = Field(description="Of the guest's call.")


class InviteWithdrawn(Answer):
    """An invite that is worth nothing any more, and neither is the token of a guest who came with it."""

    invite_id: str
    was_redeemed: bool = Field(description="Whether somebody had used it; their session has been ended.")


class AgentAnswer(Answer):
    """The agent's session description."""

    type: Literal["answer"]
    sdp: str


class SessionShown(Answer):
    """A session as the ledger has it; moments are Unix seconds, and null means not yet."""

    session_id: str
    transport: str
    state: State
    started_at: float | None
    joined_at: float | None
    heartbeat_at: float | None
    ended_at: float | None
    seconds: float = Field(description="Length of the call so far.")
    reason: str | None = Field(description="Why it ended, in one word.")
    cost_usd: float
    speech_input_tokens: int
    speech_output_tokens: int
    text_input_tokens: int
    text_output_tokens: int


class ProblemFault(Answer):
    """One thing that is wrong with a request."""

    where: str = Field(description="The field; empty when it is the request as a whole.")
    what: str


class Problem(Answer):
    """Why a request was refused (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str = Field(description="What to quote to the people who run the deployment.")
    errors: list[ProblemFault] = Field(
        [], description="Each fault of the body.", exclude_if=lambda value: not value
    )
