"""What of a caller's offer the door takes."""

import re

from runtime.door.addresses import Addresses
from runtime.door.sdp import candidate_fault
from scripts.calling.path import RELAY

_ON_THE_INTERNET = Addresses()
_DEFAULT_ADDRESS = re.compile(r"^c=IN IP[46] .*?(\r?)$", re.MULTILINE)


def taken_of(offer: str) -> str:
    """Return *offer* without the caller's private addresses, as the page sends it.

    The agent is on another network, where they are somebody else's, so the door refuses them.  A relay's
    address is the door's to judge.
    """
    lines = (line for line in offer.splitlines(keepends=True) if not _is_private(line.strip()))
    return _DEFAULT_ADDRESS.sub(r"c=IN IP4 0.0.0.0\1", "".join(lines))


def _is_private(line: str) -> bool:
    if not line.startswith("a=candidate:") or f" typ {RELAY}" in line:
        return False
    return bool(candidate_fault(line.removeprefix("a="), _ON_THE_INTERNET))
