"""Who may ask a relay: whoever holds a password that was derived from the shared secret."""

import hmac
import secrets
import struct
import time

from scripts.embedded.turn.refusal import Refusal
from turn.credentials import password_for
from turn.stun import Attribute, Message, is_signed, long_term_key

NONCE_SECONDS = 600
"""As coturn's stale-nonce in turn/coturn/turnserver.conf."""


class Passwords:
    """Checks signatures; remembers nobody.

    Args:
        realm: Domain of the passwords.
        secret: What they are derived from.
    """

    def __init__(self, realm: str, secret: str) -> None:
        self._realm = realm
        self._secret = secret
        self._nonce_key = secrets.token_bytes(16)

    def challenge(self) -> dict[int, bytes]:
        """Return what a client must sign with."""
        return {Attribute.REALM: self._realm.encode(), Attribute.NONCE: self._nonce(int(time.time()))}

    def key_for(self, username: str) -> bytes:
        """Return the key of a name whose time has not run out.

        Raises:
            Refusal: It has, or the name says none.
        """
        expires_at = username.partition(":")[0]
        if not expires_at.isdecimal() or int(expires_at) < time.time():
            raise Refusal(401, "Unauthorized", self.challenge())
        return long_term_key(username, self._realm, password_for(username, secret=self._secret))

    def check(self, request: Message, packet: bytes, key: bytes) -> None:
        """Check that *packet*, read as *request*, was signed with *key* not long ago.

        Raises:
            Refusal: It was not.
        """
        if not is_signed(packet, key):
            raise Refusal(401, "Unauthorized", self.challenge())
        nonce = request.attributes.get(Attribute.NONCE, b"")
        made_at = int.from_bytes(nonce[:8])
        if time.time() - made_at > NONCE_SECONDS or not hmac.compare_digest(nonce, self._nonce(made_at)):
            raise Refusal(438, "Stale Nonce", self.challenge())

    def _nonce(self, made_at: int) -> bytes:
        when = struct.pack("!Q", made_at)
        return when + hmac.digest(self._nonce_key, when, "sha256")[:8].hex().encode()
