"""STUN messages, as far as a TURN client needs them.

Source: RFC 8489 (STUN) and RFC 8656 (TURN); sections are named where they decide something.
"""

import hashlib
import hmac
import ipaddress
import secrets
import struct
import zlib
from dataclasses import dataclass, field
from enum import IntEnum

type Address = tuple[str, int]

HEADER_BYTES = 20
MAGIC_COOKIE = 0x2112A442
_FINGERPRINT_XOR = 0x5354554E  # section 14.7


class Method(IntEnum):
    """What is asked."""

    BINDING = 0x001
    ALLOCATE = 0x003
    REFRESH = 0x004
    SEND = 0x006
    DATA = 0x007
    CREATE_PERMISSION = 0x008
    CHANNEL_BIND = 0x009


class Kind(IntEnum):
    """Which part of an exchange a message is; the two class bits of section 5."""

    REQUEST = 0x000
    INDICATION = 0x010
    SUCCESS = 0x100
    ERROR = 0x110


class Attribute(IntEnum):
    """What a message says."""

    USERNAME = 0x0006
    MESSAGE_INTEGRITY = 0x0008
    ERROR_CODE = 0x0009
    CHANNEL_NUMBER = 0x000C
    LIFETIME = 0x000D
    XOR_PEER_ADDRESS = 0x0012
    DATA = 0x0013
    REALM = 0x0014
    NONCE = 0x0015
    XOR_RELAYED_ADDRESS = 0x0016
    REQUESTED_ADDRESS_FAMILY = 0x0017
    REQUESTED_TRANSPORT = 0x0019
    XOR_MAPPED_ADDRESS = 0x0020
    FINGERPRINT = 0x8028


class MalformedMessageError(ValueError):
    """The bytes are no STUN message."""


@dataclass(frozen=True, slots=True)
class Message:
    """One STUN message; attributes keep their order and their bytes."""

    method: Method
    kind: Kind
    attributes: dict[int, bytes] = field(default_factory=dict)
    transaction: bytes = field(default_factory=lambda: secrets.token_bytes(12))

    def encode(self, key: bytes | None = None) -> bytes:
        """Return its bytes, signed with *key* when there is one."""
        body = b"".join(_attribute(kind, value) for kind, value in self.attributes.items())
        if key is not None:
            body += self._integrity(body, key)
        crc = zlib.crc32(self._header(len(body) + 8) + body) ^ _FINGERPRINT_XOR
        body += _attribute(Attribute.FINGERPRINT, struct.pack("!I", crc))
        return self._header(len(body)) + body

    @classmethod
    def decode(cls, data: bytes) -> "Message":
        """Read a message.

        Raises:
            MalformedMessageError: It is none.
        """
        try:
            kind, length, cookie = struct.unpack_from("!HHI", data)
            method = Method(kind & 0x000F | (kind & 0x00E0) >> 1 | (kind & 0x3E00) >> 2)
            if cookie != MAGIC_COOKIE or length != len(data) - HEADER_BYTES:
                raise MalformedMessageError("The cookie or the length is not that of a STUN message.")
            return cls(method, Kind(kind & 0x0110), _attributes(data), data[8:HEADER_BYTES])
        except (struct.error, ValueError) as wrong:
            raise MalformedMessageError(f"{len(data)} bytes are no STUN message: {wrong}") from wrong

    @property
    def error(self) -> tuple[int, str] | None:
        """Code and reason of an error response."""
        value = self.attributes.get(Attribute.ERROR_CODE, b"")
        if self.kind is not Kind.ERROR or len(value) < 4:  # noqa: PLR2004 - section 14.8
            return None
        return (value[2] & 7) * 100 + value[3], value[4:].decode(errors="replace")

    def address(self, attribute: Attribute) -> Address | None:
        """Return an address that travels XORed (section 14.2)."""
        value = self.attributes.get(attribute)
        return None if value is None else _unmask(value, self.transaction)

    def _integrity(self, body: bytes, key: bytes) -> bytes:
        # The header counts the signature before there is one (section 14.5).
        signed = self._header(len(body) + 24) + body
        return _attribute(Attribute.MESSAGE_INTEGRITY, hmac.new(key, signed, hashlib.sha1).digest())

    def _header(self, length: int) -> bytes:
        method = self.method & 0x000F | (self.method & 0x0070) << 1 | (self.method & 0x0F80) << 2
        return struct.pack("!HHI", method | self.kind, length, MAGIC_COOKIE) + self.transaction


def long_term_key(username: str, realm: str, password: str) -> bytes:
    """Derive the key that signs a request (section 9.2.2)."""
    return hashlib.md5(f"{username}:{realm}:{password}".encode(), usedforsecurity=False).digest()


def is_signed(data: bytes, key: bytes) -> bool:
    """Whether the message in *data* was signed by somebody who knows *key* (section 14.5)."""
    at = HEADER_BYTES
    while at + 4 <= len(data):
        kind, length = struct.unpack_from("!HH", data, at)
        if kind == Attribute.MESSAGE_INTEGRITY:
            # The header counts the attributes up to the signature, and nothing behind it.
            counted = struct.pack("!H", at + 24 - HEADER_BYTES)
            expected = hmac.new(key, data[:2] + counted + data[4:at], hashlib.sha1).digest()
            return hmac.compare_digest(expected, data[at + 4 : at + 4 + length])
        at += 4 + length + (-length % 4)
    return False


def masked(address: Address, transaction: bytes) -> bytes:
    """Return an address as it travels (section 14.2)."""
    ip = ipaddress.ip_address(address[0])
    family = 1 if ip.version == 4 else 2  # noqa: PLR2004 - the number of a protocol
    port = address[1] ^ MAGIC_COOKIE >> 16
    return struct.pack("!BBH", 0, family, port) + _xor(ip.packed, transaction)


def _unmask(value: bytes, transaction: bytes) -> Address:
    (port,) = struct.unpack_from("!H", value, 2)
    ip = ipaddress.ip_address(_xor(value[4:], transaction))
    return str(ip), port ^ MAGIC_COOKIE >> 16


def _xor(packed: bytes, transaction: bytes) -> bytes:
    mask = struct.pack("!I", MAGIC_COOKIE) + transaction
    return bytes(one ^ other for one, other in zip(packed, mask, strict=False))


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def _attributes(data: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    at = HEADER_BYTES
    while at < len(data):
        kind, length = struct.unpack_from("!HH", data, at)
        if at + 4 + length > len(data):
            raise MalformedMessageError("An attribute is longer than its message.")
        found.setdefault(kind, data[at + 4 : at + 4 + length])  # the first of its kind counts (section 14)
        at += 4 + length + (-length % 4)
    return found
