"""Whose a session is: one name per caller, made of what API Gateway has verified about them.

The name is compared and never shown, so it need not tell who it is.  Of a signed-in person it is a hash of
issuer and subject: subjects differ in length and alphabet, some issuers put e-mail addresses into them, and a
subject is unique only below its issuer.  The hash has no key, so that an operator who knows a subject can find
its sessions; it keeps identities out of the ledger and its backups, not from somebody who can guess them.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from runtime.door.errors import CallerUnknownError
from runtime.door.invites import guest

GUESTS = " /guest/"
"""What the key of each route of guests has in it, and of no other."""


def owner_of(authorizer: Mapping[str, Any]) -> str:
    """Return the owner that *authorizer*, of an event's request context, stands for.

    Raises:
        CallerUnknownError: It stands for nobody.
    """
    match authorizer:
        case {"jwt": {"claims": {"iss": str(issuer), "sub": str(subject)}}} if issuer and subject:
            return user(issuer, subject)
        case {"iam": {"userArn": str(arn)}} if arn:
            return arn
        case {"lambda": {"invite": str(invite_id)}} if invite_id:
            return guest(invite_id)
        case _:
            raise CallerUnknownError("Sign in, and send the access token as `Authorization: Bearer TOKEN`.")


def keep_guests_apart(authorizer: Mapping[str, Any], *, route: str, session_id: str) -> None:
    """Make sure that guests reach what is theirs, and that nobody else takes their way.

    API Gateway and its authorizer have seen to both; a line that is wrong in a template must not undo it.

    Raises:
        CallerUnknownError: The route is not for this caller, or the guest's token is for another session.
    """
    given = authorizer.get("lambda")
    if (given is not None) != (GUESTS in route):
        raise CallerUnknownError("Guests use the routes below /guest, and nobody else does.")
    if given is not None and given.get("session") != session_id:
        raise CallerUnknownError("This token is for another session.")


def user(issuer: str, subject: str) -> str:
    """Return the name of the person or machine that *issuer* calls *subject*."""
    # A URL holds no line end, so that no other pair makes the same text.
    return f"user:{hashlib.sha256(f'{issuer}\n{subject}'.encode()).hexdigest()}"
