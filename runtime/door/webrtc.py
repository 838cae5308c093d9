"""Signaling of a WebRTC call: the door carries what browser and agent must know of each other."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from runtime.clock import Clock
from runtime.door.addresses import Addresses
from runtime.door.agentcore import AgentCore
from runtime.door.answers import AgentAnswer, RelayWay
from runtime.door.bodies import WEBRTC, Candidates, Offer, is_sdp
from runtime.door.errors import (
    AgentCoreUnavailableError,
    AgentRefusedError,
    InvalidRequestError,
    RelaysUnavailableError,
    SessionConflictError,
)
from runtime.door.relays import Relays
from runtime.door.session import Session, State
from runtime.door.sessions import Sessions
from runtime.door.stats import Stats
from runtime.metrics import MetricWriter
from runtime.settings.door import DoorSettings

STATS_AFTER_SECONDS = 60
"""How long after a call what was measured of it is still taken: later nobody measures, and averages are of today."""

# What an agent answers to something that it cannot use, for whatever reason.
_UNUSABLE = (HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY)


class WebRtc:
    """What the caller of a session over WebRTC may ask for, besides opening and ending it.

    Every method raises `SessionUnknownError` if *owner* has no such session, and `SessionConflictError` if
    the session is of another transport.
    """

    def __init__(
        self,
        settings: DoorSettings,
        *,
        sessions: Sessions,
        agentcore: AgentCore,
        relays: Relays,
        metrics: MetricWriter,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._addresses = Addresses.parse(settings.relay_networks)
        self._sessions = sessions
        self._agentcore = agentcore
        self._relays = relays
        self._metrics = metrics
        self._clock = clock

    def offer(self, owner: str, session_id: str, offer: Offer) -> AgentAnswer:
        """Bring the browser's offer to the agent and return its answer; a second one is a re-join.

        Raises:
            SessionConflictError: The session is over, or nobody joined it in time.
            InvalidRequestError: The agent cannot use the offer, or must not.
            RelaysUnavailableError: The agent reaches none of its relays.
            AgentCoreUnavailableError: The agent cannot be asked, or what it said is no answer.
        """
        self._live(owner, session_id)
        answer = self._ask(session_id, offer.to_agent(self._addresses))
        if answer.get("type") != "answer" or not is_sdp(answer.get("sdp")):
            raise AgentCoreUnavailableError(
                f"The agent of session {session_id} answered an offer with something that is no answer.  "
                "Deploy the runtime and the door from the same version."
            )
        return AgentAnswer(type="answer", sdp=answer["sdp"])

    def add_candidates(self, owner: str, session_id: str, candidates: Candidates) -> None:
        """Bring addresses that the browser found later to the agent.

        Raises:
            SessionConflictError: The session is over, or nobody joined it in time.
            InvalidRequestError: The agent cannot use them, or must not.
            AgentCoreUnavailableError: The agent cannot be asked.
        """
        self._live(owner, session_id)
        self._ask(session_id, candidates.to_agent(self._addresses))

    def renew_relays(self, owner: str, session_id: str) -> RelayWay:
        """Give both ends fresh credentials, because the path between them died.

        Raises:
            SessionConflictError: The session is over, or nobody joined it in time.
            RelaysUnavailableError: There is no relay now; the call goes on if it can.
            AgentCoreUnavailableError: The agent cannot be told.
        """
        self._live(owner, session_id)
        issue = self._relays.issue(session_id)
        self._ask(session_id, {"action": "relays", "ice_servers": issue.for_agent})
        return RelayWay(ice_servers=issue.for_caller, ice_transport_policy=self._settings.caller_policy)

    def report(self, owner: str, session_id: str, stats: Stats) -> None:
        """Publish what the browser measured, also shortly after the call.

        Raises:
            SessionConflictError: The session was over long ago.
        """
        session = self._find(owner, session_id)
        if session.ended_at and self._clock() - session.ended_at > STATS_AFTER_SECONDS:
            raise SessionConflictError(f"The session was over more than {STATS_AFTER_SECONDS} s ago.")
        self._metrics.write(stats.metrics(), session=session_id, **stats.told())

    def _ask(self, session_id: str, request: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return self._agentcore.ask(session_id, request)
        except AgentRefusedError as refusal:
            if refusal.status == HTTPStatus.CONFLICT:
                raise SessionConflictError(
                    "The agent cannot do this in the call's present state.  Ask for fresh relays and make a new "
                    "offer, or open a new session."
                ) from refusal
            if refusal.status == HTTPStatus.SERVICE_UNAVAILABLE:
                raise RelaysUnavailableError(
                    f"The agent of session {session_id} reaches none of its relays.  Its log says why: look at "
                    "the way out of its subnets, and at the relays."
                ) from refusal
            # Relays are the door's own words, not the caller's.
            if refusal.status in _UNUSABLE and request["action"] != "relays":
                raise InvalidRequestError(
                    "The agent cannot use this.  It takes one audio section and one data channel, bundled, and "
                    "candidates of the offer that it answered last."
                ) from refusal
            raise

    def _live(self, owner: str, session_id: str) -> None:
        session = self._find(owner, session_id)
        if session.state is State.CLOSED:
            raise SessionConflictError(f"The session is over ({session.reason}).  Open a new one.")
        waited = self._clock() - session.started_at
        if session.state is State.OPEN and waited > self._settings.join_seconds:
            raise SessionConflictError(
                f"The session was not joined within {self._settings.join_seconds} s.  Open a new one."
            )

    def _find(self, owner: str, session_id: str) -> Session:
        session = self._sessions.find(owner, session_id)
        if session.transport != WEBRTC:
            raise SessionConflictError(f"A session of transport {session.transport} takes no such request.")
        return session
