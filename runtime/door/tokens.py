"""What guests carry: text that only this stage's key can have sealed, for one purpose and until one moment.

An *invite* opens one session, once.  A *guest token* opens what belongs to the session it was made for.

KMS makes the seals and compares them, so the key is never in any function's memory, and whoever may only
compare cannot make one (docs/decisions/invite-key.md).  A token is a bearer's: it travels in the fragment of
a link and in the `Authorization` header, and into no log.
"""

import base64
import binascii
import json
import re
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final, Self

from botocore.exceptions import BotoCoreError, ClientError

from runtime.clock import Clock, clock_of
from runtime.door.errors import KeyUnavailableError, TokenRefusedError

ALGORITHM: Final = "HMAC_SHA_256"

MAX_TOKEN_CHARACTERS = 1_024
"""Three times what the longest has; KMS takes 4,096 bytes (Source: GenerateMac, AWS KMS API Reference)."""

_TOKEN = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{43})")


class Kind(StrEnum):
    """What a token is for; one kind is never taken for the other."""

    INVITE = "invite"
    GUEST = "guest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What a sealed text says; everybody who has it can read it, so it names no person."""

    kind: Kind
    stage: str
    invite_id: str
    session_id: str
    """Empty in an invite."""
    expires_at: int
    """Unix seconds; the token is worth nothing from then on."""

    def to_bytes(self) -> bytes:
        """Return what is sealed."""
        return json.dumps(asdict(self), separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, sealed: bytes) -> Self:
        """Read what a seal has proved to be ours."""
        said = json.loads(sealed)
        return cls(**{**said, "kind": Kind(said["kind"])})


class Sealer:
    """Makes tokens.

    Args:
        client: botocore's `kms` client; its principal may `kms:GenerateMac`.
        key: ARN of the stage's HMAC key.
    """

    def __init__(self, client: Any, key: str) -> None:
        self._client = client
        self._key = key

    def seal(self, token: Token) -> str:
        """Return *token* as text.

        Raises:
            KeyUnavailableError: KMS refused or did not answer.
        """
        message = token.to_bytes()
        try:
            answer = self._client.generate_mac(KeyId=self._key, MacAlgorithm=ALGORITHM, Message=message)
        except (ClientError, BotoCoreError) as fault:
            raise _unavailable("seal", fault) from fault
        return f"{_encoded(message)}.{_encoded(answer['Mac'])}"


class Verifier:
    """Reads tokens, and believes those that the stage's key has sealed.

    Args:
        client: botocore's `kms` client; its principal may `kms:VerifyMac`.
        key: ARN of the stage's HMAC key.
        stage: Whose tokens are meant.
        clock: Seconds since 1970; by default as *client* is told it, whose answer comes before every judgement.
    """

    def __init__(self, client: Any, key: str, *, stage: str, clock: Clock | None = None) -> None:
        self._client = client
        self._key = key
        self._stage = stage
        self._clock = clock or clock_of(client)

    def read(self, text: str) -> Token:
        """Return what *text* says.

        Raises:
            TokenRefusedError: It is no token, another key's or another stage's, altered or too old.
            KeyUnavailableError: KMS refused or did not answer.
        """
        message, mac = _parts(text)
        self._compare(message, mac)
        token = Token.from_bytes(message)
        if token.stage != self._stage:
            raise TokenRefusedError("it is another stage's")
        if token.expires_at <= self._clock():
            raise TokenRefusedError("it has expired")
        return token

    def _compare(self, message: bytes, mac: bytes) -> None:
        request = {"KeyId": self._key, "MacAlgorithm": ALGORITHM, "Message": message, "Mac": mac}
        try:
            self._client.verify_mac(**request)
        except self._client.exceptions.KMSInvalidMacException:
            raise TokenRefusedError("its seal is not ours") from None
        except (ClientError, BotoCoreError) as fault:
            raise _unavailable("compare", fault) from fault


def _parts(text: str) -> tuple[bytes, bytes]:
    found = _TOKEN.fullmatch(text) if len(text) <= MAX_TOKEN_CHARACTERS else None
    if not found:
        raise TokenRefusedError("it is no token")
    message, mac = _decoded(found[1]), _decoded(found[2])
    return message, mac


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raise TokenRefusedError("it is no token") from None
    # The last character may have bits that decoding drops: one token would then have several spellings.
    if _encoded(data) != text:
        raise TokenRefusedError("it is no token")
    return data


def _unavailable(verb: str, fault: ClientError | BotoCoreError) -> KeyUnavailableError:
    code = fault.response["Error"]["Code"] if isinstance(fault, ClientError) else type(fault).__name__
    return KeyUnavailableError(
        f"KMS did not {verb} a guest's token ({code}).  If it was throttled, try again; if access was denied or "
        "the key is disabled, enable the key or deploy the door again."
    )
