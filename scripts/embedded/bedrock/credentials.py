"""Whose signature counts: what the embedded cloud tells this server about an access key."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


def _anything(_action: str, _resource: str) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """One access key, without its id."""

    secret_access_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)
    expires_at: float = math.inf
    """Unix time."""
    allows: Callable[[str, str], bool] = _anything
    """Whether the policies of the key's owner allow an action on the ARN of a resource."""


type CredentialsLookup = Callable[[str], Credentials | None]
"""Finds the credentials of an access key id; None for a key that nobody issued."""


class CredentialsFile:
    """Credentials from a JSON file that another process writes: `{key id: {secret_access_key, ...}}`.

    It is read at each look-up, because sessions come and go while the server runs.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, access_key_id: str) -> Credentials | None:
        """Find the credentials of *access_key_id*."""
        entry = json.loads(self._path.read_text()).get(access_key_id)
        return Credentials(**entry) if entry else None
