"""Every route that the door's function serves: what it takes, what it does, what it answers.

Requests are dispatched from this table and docs/openapi.json is generated from it; a test holds what
`stacks/parts/door_api.py` deploys to it.  Bodies come as models from `bodies.py`, answers from `answers.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from runtime.door.answers import (
    AgentAnswer,
    GuestSocketWay,
    GuestWebRtcWay,
    InviteMade,
    InviteWithdrawn,
    RelayWay,
    SessionShown,
    SocketWay,
    WebRtcWay,
)
from runtime.door.bodies import Candidates, Offer, SessionRequest
from runtime.door.guests import Guests
from runtime.door.http import Request
from runtime.door.models import MAX_BODY_BYTES, Answer, Body, read_nothing
from runtime.door.pace import Pace
from runtime.door.sessions import Sessions
from runtime.door.stats import Stats
from runtime.door.webrtc import WebRtc


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Who does what the routes promise; each is built when the first request needs it."""

    sessions: Callable[[], Sessions]
    webrtc: Callable[[], WebRtc]
    pace: Callable[[], Pace]
    guests: Callable[[], Guests]
    """Raises `RouteUnknownError` where a stage lets no guests in."""


type Action = Callable[[Services, Request, Any], Answer | None]
"""Does what a route promises to a request, whose body is read already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One method of one path."""

    key: str
    """As API Gateway calls it, such as `GET /sessions/{id}`."""
    does: str
    """In one line, for whoever reads the API's document."""
    act: Action
    takes: type[Body] | None = None
    """What the body must be; nothing when there must be none."""
    answers: tuple[type[Answer], ...] = ()
    """What the body of the answer may be; empty when it has none."""
    status: HTTPStatus = HTTPStatus.OK
    refuses: tuple[HTTPStatus, ...] = ()
    """Refusals of its own, besides those that every route may answer."""

    @property
    def most_bytes(self) -> int:
        """Longest body that is read at all."""
        return self.takes.most_bytes if self.takes else MAX_BODY_BYTES

    def serve(self, services: Services, request: Request) -> Answer | None:
        """Read the body and do what the route promises.

        Raises:
            HotlineError: It was not done; `http.problem` puts each kind into an answer.
        """
        if self.takes:
            return self.act(services, request, self.takes.read(request.body))
        read_nothing(request.body)
        return self.act(services, request, None)


def _open(door: Services, request: Request, wanted: SessionRequest) -> Answer:
    door.pace().keep(request.owner)
    return door.sessions().open(request.owner, wanted.transport)


_OPENING = Route(
    key="POST /sessions",
    does="Opens a session, wakes its agent and answers the way in",
    takes=SessionRequest,
    answers=(SocketWay, WebRtcWay),
    status=HTTPStatus.CREATED,
    refuses=(HTTPStatus.TOO_MANY_REQUESTS,),
    act=_open,
)

_INVITING = Route(
    key="POST /invites",
    does="Makes an invite, with which somebody without a sign-in may open one session, once",
    answers=(InviteMade,),
    status=HTTPStatus.CREATED,
    refuses=(HTTPStatus.TOO_MANY_REQUESTS,),
    act=lambda door, request, _: door.guests().invite(request.owner),
)

_WITHDRAWING = Route(
    key="DELETE /invites/{invite}",
    does="Withdraws an invite of the caller's own and ends the session that came of it, as often as one likes",
    answers=(InviteWithdrawn,),
    act=lambda door, request, _: door.guests().withdraw(request.owner, request.invite_id),
)

_REDEEMING = Route(
    key="POST /guest/sessions",
    does="Redeems the invite in the Authorization header: opens its session and answers the way in, and the "
    "token for everything below /guest/sessions/{id}",
    takes=SessionRequest,
    answers=(GuestSocketWay, GuestWebRtcWay),
    status=HTTPStatus.CREATED,
    refuses=(HTTPStatus.GONE, HTTPStatus.TOO_MANY_REQUESTS),
    act=lambda door, request, wanted: door.guests().open(request.owner, wanted.transport),
)


def _session_routes(path: str) -> tuple[Route, ...]:
    """Return the routes of the sessions at *path*."""
    return (
        Route(
            key=f"GET {path}/{{id}}",
            does="Shows a session: its state, its length, its cost so far",
            answers=(SessionShown,),
            act=lambda door, request, _: door.sessions().show(request.owner, request.session_id),
        ),
        Route(
            key=f"DELETE {path}/{{id}}",
            does="Ends a session, as often as one likes",
            answers=(SessionShown,),
            act=lambda door, request, _: door.sessions().end(request.owner, request.session_id),
        ),
        *_signaling_routes(f"{path}/{{id}}"),
    )


def _signaling_routes(path: str) -> tuple[Route, ...]:
    """Return what a caller over WebRTC may ask of the session at *path*."""
    conflict = (HTTPStatus.CONFLICT,)
    return (
        Route(
            key=f"POST {path}/offer",
            does="Brings the browser's offer to the agent and answers the agent's; a second one re-joins",
            takes=Offer,
            answers=(AgentAnswer,),
            refuses=conflict,
            act=lambda door, request, offer: door.webrtc().offer(request.owner, request.session_id, offer),
        ),
        Route(
            key=f"PATCH {path}/offer",
            does="Brings addresses that the browser found later to the agent",
            takes=Candidates,
            status=HTTPStatus.NO_CONTENT,
            refuses=conflict,
            act=lambda door, request, found: door.webrtc().add_candidates(
                request.owner, request.session_id, found
            ),
        ),
        Route(
            key=f"POST {path}/relays",
            does="Gives both ends fresh relays, because the path between them died",
            answers=(RelayWay,),
            refuses=conflict,
            act=lambda door, request, _: door.webrtc().renew_relays(request.owner, request.session_id),
        ),
        Route(
            key=f"POST {path}/stats",
            does="Takes what the browser measured of its call",
            takes=Stats,
            status=HTTPStatus.NO_CONTENT,
            refuses=conflict,
            act=lambda door, request, stats: door.webrtc().report(request.owner, request.session_id, stats),
        ),
    )


def _for_guests(route: Route) -> Route:
    """Return *route* as guests may use it: for as long as nobody withdraws their invite."""

    def act(door: Services, request: Request, body: Any) -> Answer | None:
        door.guests().admit(request.owner)
        return route.act(door, request, body)

    return replace(route, act=act, refuses=(*route.refuses, HTTPStatus.GONE))


ROUTES = {
    route.key: route
    for route in (
        _OPENING,
        *_session_routes("/sessions"),
        _INVITING,
        _WITHDRAWING,
        _REDEEMING,
        *map(_for_guests, _session_routes("/guest/sessions")),
    )
}
"""Route key to route."""
