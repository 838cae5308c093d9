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
        case _:
            raise CallerUnknownError("Sign in, and send the access token as `Authorization: Bearer TOKEN`.")


def user(issuer: str, subject: str) -> str:
    """Return the name of the person or machine that *issuer* calls *subject*."""
    # A URL holds no line end, so that no other pair makes the same text.
    return f"user:{hashlib.sha256(f'{issuer}\n{subject}'.encode()).hexdigest()}"
