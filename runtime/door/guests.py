"""What people without a sign-in may do, and who lets them: invites, and the one session that each opens.

For a page: take the text after `#invite=` of its own address, remove it from the address
(`history.replaceState`), and send it once, as `Authorization: Bearer TOKEN`, with `POST /guest/sessions` and
the body of `POST /sessions`.  The answer is that of `POST /sessions` and has a `token` besides, which is sent in
the same header with everything below `/guest/sessions/{id}`.  401 and 403 say that the link is none, 410 that
it has been used, was withdrawn or is too old, 429 and 503 that it is still good and worth another try after
`retry-after`.
"""

import logging
import uuid
from collections.abc import Callable, Iterable
from contextlib import suppress

from runtime.clock import Clock
from runtime.door.answers import (
    GuestSocketWay,
    GuestWebRtcWay,
    InviteMade,
    InviteWithdrawn,
    Limits,
    SocketWay,
)
from runtime.door.errors import DoorError, LedgerUnavailableError, SessionUnknownError, ShareTakenError
from runtime.door.invites import ALL_GUESTS, GUEST, Invite, Invites
from runtime.door.invites import guest as guest_of
from runtime.door.pace import Pace
from runtime.door.reaper import GRACE_SECONDS
from runtime.door.sessions import Sessions, Terms, new_session_id
from runtime.door.share import Share
from runtime.door.tokens import Kind, Sealer, Token
from runtime.metrics import CALLERS_LIMITED, MetricWriter
from runtime.settings.door import DoorSettings
from runtime.settings.guests import GuestSettings

logger = logging.getLogger(__name__)


class Guests:
    """The invites of one stage, and the sessions that come of them.

    Args:
        door: The limits of every session.
        settings: The limits of guests.
        invites: Where they are written down.
        pace: How fast one caller may make them.
        share: Makes the share of that key with so many places.
        sealer: Makes tokens.
        sessions: Opens what an invite is good for.
        metrics: Counts who was refused.
        clock: The ledger's time.
    """

    def __init__(
        self,
        door: DoorSettings,
        settings: GuestSettings,
        *,
        invites: Invites,
        pace: Pace,
        share: Callable[[str, int], Share],
        sealer: Sealer,
        sessions: Sessions,
        metrics: MetricWriter,
        clock: Clock,
    ) -> None:
        self._join_seconds = door.join_seconds
        self._settings = settings
        self._invites = invites
        self._pace = pace
        self._share = share
        self._sealer = sealer
        self._sessions = sessions
        self._metrics = metrics
        self._clock = clock

    def invite(self, inviter: str) -> InviteMade:
        """Make an invite of *inviter*'s.

        Raises:
            TooManyBegunError: They make too many.
            KeyUnavailableError: It cannot be sealed; nothing was written.
        """
        self._pace.keep(inviter)
        life = self._settings.invite_seconds
        invite = Invite(invite_id=uuid.uuid4().hex, inviter=inviter, good_until=int(self._clock()) + life)
        token = self._seal(Kind.INVITE, invite.invite_id, "", invite.good_until)
        self._invites.add(invite)
        return InviteMade(
            invite_id=invite.invite_id,
            invite=token,
            expires_in_seconds=life,
            limits=Limits(call_seconds=self._settings.guest_call_seconds),
        )

    def withdraw(self, inviter: str, invite_id: str) -> InviteWithdrawn:
        """Make an invite of *inviter*'s worthless, and end the session that came of it.

        Raises:
            InviteUnknownError: *inviter* has made no such invite.
            AgentCoreUnavailableError: The session is closed, and its microVM may still run; asking again is no harm.
        """
        session_id = self._invites.withdraw(invite_id, inviter)
        if session_id:
            with suppress(SessionUnknownError):  # it is being opened, and will be given up
                self._sessions.end(guest_of(invite_id), session_id)
        logger.info("Invite withdrawn", extra={"invite": invite_id, "session": session_id})
        return InviteWithdrawn(invite_id=invite_id, was_redeemed=bool(session_id))

    def admit(self, guest: str) -> None:
        """Let *guest*, whose token is good, do something in their session.

        Raises:
            InviteSpentError: Their invite was withdrawn.
        """
        self._invites.check(guest.removeprefix(GUEST))

    def open(self, guest: str, transport: str) -> GuestSocketWay | GuestWebRtcWay:
        """Redeem the invite of *guest*, and open the session that it is good for.

        Raises:
            InviteSpentError: The invite has been used or withdrawn, or is too old; nothing stays open.
            DoorError: No session could be opened; the invite is as good as before.
        """
        invite_id, session_id = guest.removeprefix(GUEST), new_session_id()
        invite = self._invites.redeem(invite_id, session_id)
        shares = self._shares(invite)
        try:
            # Sealing comes first: when it fails, no session was opened.
            token = self._seal(Kind.GUEST, invite_id, session_id, self._last_moment())
            self._take_places(shares, session_id)
            terms = Terms(session_id=session_id, call_seconds=self._settings.guest_call_seconds)
            way_in = self._sessions.open(guest, transport, terms)
            self._give_up_if_withdrawn(guest, session_id)
        except DoorError:
            self._undo(shares, invite_id, session_id)
            raise
        logger.info("Invite redeemed", extra={"invite": invite_id, "session": session_id})
        kind = GuestSocketWay if isinstance(way_in, SocketWay) else GuestWebRtcWay
        return kind(**dict(way_in), token=token)

    def _shares(self, invite: Invite) -> tuple[Share, Share]:
        """Return the places that the guest needs one of each of, besides one of the stage's."""
        return (
            self._share(invite.inviters_guests, self._settings.guests_per_inviter),
            self._share(ALL_GUESTS, self._settings.guest_concurrency),
        )

    def _take_places(self, shares: Iterable[Share], session_id: str) -> None:
        try:
            for share in shares:
                share.take(session_id)
        except ShareTakenError:
            self._metrics.write({CALLERS_LIMITED: 1})
            raise

    def _give_up_if_withdrawn(self, guest: str, session_id: str) -> None:
        """Look once more: whoever withdrew the invite meanwhile may have found no session to end."""
        try:
            self.admit(guest)
        except DoorError:
            with suppress(DoorError):  # then the reaper ends it
                self._sessions.end(guest, session_id)
            raise

    def _undo(self, shares: Iterable[Share], invite_id: str, session_id: str) -> None:
        """Give back what was taken; what cannot be given back now is spent, or found to be over later."""
        with suppress(LedgerUnavailableError):
            for share in shares:
                share.give_back(session_id)
            self._invites.give_back(invite_id, session_id)

    def _last_moment(self) -> int:
        """Return when no call that begins now goes on: joined in the last second, held to its last."""
        longest = self._join_seconds + self._settings.guest_call_seconds + GRACE_SECONDS
        return int(self._clock()) + longest

    def _seal(self, kind: Kind, invite_id: str, session_id: str, expires_at: int) -> str:
        token = Token(
            kind=kind,
            stage=self._settings.stage,
            invite_id=invite_id,
            session_id=session_id,
            expires_at=expires_at,
        )
        return self._sealer.seal(token)
