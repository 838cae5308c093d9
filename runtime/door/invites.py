"""Invites in the ledger's table: who made each, until when it is good, and which session came of it.

An invite is redeemed by one conditional write, before anything else is done for its bearer: of any number
who come with one link, one gets on, and the others have created nothing.  The write names the session that
is about to be opened.  When that cannot be opened (every place is taken, the agent does not wake), the
invite is given back, because its bearer is not to blame and has got nothing; giving back asks that the
invite still names that very session.  A door that dies in between leaves an invite that is spent for
nothing: somebody has to ask for another, and nobody has ever had two sessions of one.

An invite that was withdrawn opens nothing more, and neither do the tokens that came of it.  Whoever withdraws one
that is just being redeemed finds no session to end yet, so whoever opens that looks at the invite once more before
they tell anybody the way in.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Any, Final

from runtime.clock import Clock
from runtime.door.errors import InviteSpentError, InviteUnknownError
from runtime.door.rows import RETENTION_SECONDS
from runtime.door.table import KEY, Table

PREFIX: Final = "invite-"
"""Begins the key of an invite; no session id looks like it."""

INVITERS_PREFIX: Final = "guests-of-"
ALL_GUESTS: Final = "guest-sessions"
"""Keys of the items with the sessions of guests: of one inviter, and of all."""

GUEST: Final = "guest:"
"""Begins the name of a session's owner who came with an invite; no other owner's does."""

_INVITE_ID: Final = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Invite:
    """A link that somebody made."""

    invite_id: str
    inviter: str
    """As the ledger knows the owners of sessions."""
    good_until: int
    """Unix seconds."""

    @property
    def guest(self) -> str:
        """Whose the session will be."""
        return guest(self.invite_id)

    @property
    def inviters_guests(self) -> str:
        """Key of the item with the sessions of this inviter's guests."""
        return INVITERS_PREFIX + hashlib.sha256(self.inviter.encode()).hexdigest()


def guest(invite_id: str) -> str:
    """Return the name of whoever redeems an invite, as the owner of a session."""
    return GUEST + invite_id


class Invites:
    """Reads and writes invites.

    Args:
        client: botocore's DynamoDB client, which threads may share.
        table: Name of the ledger table.
        clock: The ledger's time; by default as *client* is told it.

    Every method raises `LedgerUnavailableError` when DynamoDB refuses or does not answer.
    """

    def __init__(self, client: Any, table: str, *, clock: Clock | None = None) -> None:
        self._table = Table(client, table, clock=clock)

    def add(self, invite: Invite) -> None:
        """Write down a new invite; who invited whom can be found for as long as who called."""
        values = {
            "owner": {"S": invite.inviter},
            "good_until": {"N": str(invite.good_until)},
            "expires_at": {"N": str(invite.good_until + RETENTION_SECONDS)},
        }
        setting = ", ".join(f"#{name} = :{name}" for name in values)
        self._table.apply(self._table.updating(PREFIX + invite.invite_id, f"SET {setting}", "", values))

    def redeem(self, invite_id: str, session_id: str) -> Invite:
        """Use the invite up for the session that is about to be opened.

        Raises:
            InviteSpentError: It has been used or withdrawn, or it is unknown or too old.
        """
        # An answer of DynamoDB's that gets lost makes botocore ask again, of an invite that is then ours.
        unused = "(attribute_not_exists(#redeemed_for) OR #redeemed_for = :session_id)"
        request = self._table.updating(
            PREFIX + invite_id,
            "SET #redeemed_for = :session_id",
            f"attribute_exists({KEY}) AND {unused} AND attribute_not_exists(#withdrawn_at) AND #good_until > :now",
            {"session_id": {"S": session_id}, "now": {"N": str(int(self._table.now()))}},
        )
        found = self._table.update(request)
        if found is None:
            raise InviteSpentError(
                "This invite has been used or withdrawn, or it has expired.  Ask whoever sent it for another."
            )
        return Invite(
            invite_id=invite_id, inviter=found["owner"]["S"], good_until=int(found["good_until"]["N"])
        )

    def give_back(self, invite_id: str, session_id: str) -> None:
        """Make the invite good again: *session_id* could not be opened."""
        request = self._table.updating(
            PREFIX + invite_id,
            "REMOVE #redeemed_for",
            "#redeemed_for = :session_id",
            {"session_id": {"S": session_id}},
        )
        self._table.apply(request)

    def withdraw(self, invite_id: str, inviter: str) -> str:
        """Make an invite of *inviter*'s worthless from now on; return the session that came of it, or nothing.

        Raises:
            InviteUnknownError: *inviter* has made no such invite.
        """
        request = self._table.updating(
            PREFIX + invite_id,
            "SET #withdrawn_at = if_not_exists(#withdrawn_at, :now)",
            "#owner = :inviter",
            {"inviter": {"S": inviter}, "now": {"N": str(int(self._table.now()))}},
        )
        found = self._table.update(request) if _INVITE_ID.fullmatch(invite_id) else None
        # Another's answers as one that never was, so that ids cannot be tried out.
        if found is None:
            raise InviteUnknownError("You have made no invite with this id; it may be older than 30 days.")
        return str(found.get("redeemed_for", {}).get("S", ""))

    def check(self, invite_id: str) -> None:
        """Let whoever has redeemed an invite go on.

        Raises:
            InviteSpentError: It was withdrawn meanwhile.
        """
        if "withdrawn_at" in self._table.get(PREFIX + invite_id):
            raise InviteSpentError(
                "This invite was withdrawn, and its call ended.  Ask whoever sent it for another."
            )
