"""The door's HTTP API, as a caller uses it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError
from botocore.httpsession import URLLib3Session

from scripts.calling.errors import RefusedError
from scripts.calling.proof import Proof

TIMEOUT_SECONDS = 29
"""API Gateway itself answers within 30 s or not at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """A session that the door opened, and the way into it."""

    session_id: str
    url: str = field(repr=False, default="")  # whoever has it may join
    """For a WebSocket."""
    ice_servers: tuple[Mapping[str, Any], ...] = field(repr=False, default=())  # with passwords
    """For WebRTC: RTCIceServer objects."""
    ice_transport_policy: str = ""
    """For WebRTC: `relay`, or `all`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invite:
    """What somebody without a sign-in may open one session with."""

    invite_id: str
    """What to withdraw it by."""
    token: str = field(repr=False)  # whoever has it may
    seconds: int
    """How long it is good."""
    call_seconds: int
    """Longest call of its guest."""


class Door:
    """Opens, reads and ends sessions.

    Args:
        url: The stack's output `DoorUrl`.
        proof: Shows who calls.
    """

    def __init__(self, url: str, proof: Proof) -> None:
        self._url = url.rstrip("/")
        self._proof = proof
        self._http = URLLib3Session(timeout=TIMEOUT_SECONDS)

    def open(self, transport: str) -> Invitation:
        """Ask for a session.

        Raises:
            RefusedError: The door did not open one.
        """
        return self._read(self._call("POST", "/sessions", {"transport": transport}), _invitation)

    def offer(self, session_id: str, sdp: str) -> str:
        """Bring a WebRTC offer to the agent of a session, and return its answer.

        Raises:
            RefusedError: There is none.
        """
        answer = self._call("POST", f"/sessions/{session_id}/offer", {"type": "offer", "sdp": sdp})
        return self._read(answer, lambda found: str(found["sdp"]))

    def report(self, session_id: str, stats: Mapping[str, Any]) -> None:
        """Tell what the caller measured of a call over WebRTC.

        Raises:
            RefusedError: The door does not take it.
        """
        self._call("POST", f"/sessions/{session_id}/stats", stats)

    def get(self, session_id: str) -> dict[str, Any]:
        """Return what the door tells about a session.

        Raises:
            RefusedError: It tells nothing.
        """
        return self._call("GET", f"/sessions/{session_id}")

    def end(self, session_id: str) -> None:
        """End a session; one that has ended stays ended.

        Raises:
            RefusedError: The door would not.
        """
        self._call("DELETE", f"/sessions/{session_id}")

    def invite(self) -> Invite:
        """Make an invite for somebody who cannot sign in.

        Raises:
            RefusedError: The door makes none.
        """
        return self._read(self._call("POST", "/invites"), _invite)

    def withdraw(self, invite_id: str) -> bool:
        """Withdraw an invite; say whether somebody had used it, whose session has been ended.

        Raises:
            RefusedError: The door would not.
        """
        answer = self._call("DELETE", f"/invites/{quote(invite_id, safe='')}")
        return self._read(answer, lambda found: bool(found["was_redeemed"]))

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def _read[T](self, answer: Mapping[str, Any], read: Callable[[Mapping[str, Any]], T]) -> T:
        try:
            return read(answer)
        except KeyError as missing:
            raise RefusedError(
                f"The door's answer has no {missing}, so there is no way in.  Is {self._url} a door of "
                "this version of Hotline?"
            ) from missing

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        data = json.dumps(body) if body else ""
        headers = {"Content-Type": "application/json"} if body else {}
        request = AWSRequest(method, self._url + path, headers=headers, data=data)
        self._proof.put_on(request)
        try:
            answer = self._http.send(request.prepare())
        except BotoCoreError as fault:
            raise RefusedError(
                f"The door at {self._url} does not answer ({fault}).  Is the stage still deployed?"
            ) from fault
        if answer.status_code >= 400:  # noqa: PLR2004  (every 4xx and 5xx)
            said = _said(answer.text)
            advice = self._proof.advice(answer.status_code)
            raise RefusedError(f"The door answered {method} {path} with {answer.status_code}: {said}{advice}")
        return dict(json.loads(answer.text)) if answer.text else {}


def _invitation(answer: Mapping[str, Any]) -> Invitation:
    session_id = answer["session_id"]
    if "url" in answer:
        return Invitation(session_id=session_id, url=answer["url"])
    return Invitation(
        session_id=session_id,
        ice_servers=tuple(answer["ice_servers"]),
        ice_transport_policy=answer["ice_transport_policy"],
    )


def _invite(answer: Mapping[str, Any]) -> Invite:
    return Invite(
        invite_id=answer["invite_id"],
        token=answer["invite"],
        seconds=answer["expires_in_seconds"],
        call_seconds=answer["limits"]["call_seconds"],
    )


def _said(text: str) -> str:
    """Return the door's own words (application/problem+json)."""
    try:
        problem = json.loads(text)
        return str(problem.get("detail") or problem.get("title") or problem.get("message") or text)
    except (ValueError, AttributeError):
        return text.strip()[:300] or "nothing"
