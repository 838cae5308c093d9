"""Time-limited TURN passwords for a relay that shares a secret with us.

Source: draft-uberti-behave-turn-rest-00, section 2.2, as coturn's `use-auth-secret` reads it.
"""

import base64
import hashlib
import hmac


def username_for(caller: str, *, expires_at: int) -> str:
    """Name *caller* until *expires_at* (Unix seconds): the relay reads the expiry from it."""
    return f"{expires_at}:{caller}"


def password_for(username: str, *, secret: str) -> str:
    """Derive the password that the relay will derive, so neither side stores one."""
    # SHA-1 is the protocol's choice, not ours: coturn computes nothing else here.
    digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()
