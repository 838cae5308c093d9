"""A relay's no."""

import struct

from turn.stun import Attribute


class Refusal(Exception):  # noqa: N818 - an answer of the protocol, not a fault
    """The request is answered with an error.

    Args:
        code: STUN's error code.
        reason: Its words.
        more: Further attributes of the answer.
    """

    def __init__(self, code: int, reason: str, more: dict[int, bytes] | None = None) -> None:
        super().__init__(f"{code} {reason}")
        self.code = code
        head = struct.pack("!HBB", 0, code // 100, code % 100)
        self.attributes = {Attribute.ERROR_CODE: head + reason.encode(), **(more or {})}
