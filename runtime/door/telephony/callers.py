"""What callers from phones are called in the ledger: never by their numbers."""

import base64
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from runtime.door.errors import KeyUnavailableError

_BYTES = 18
"""144 bits of the hash: two numbers that share them do not exist, and it is 24 characters."""


class Callers:
    """Gives each number a name that only this stage's key can have made.

    There are so few numbers that a hash without a key is undone by trying them all.  KMS keeps the key, so that
    not even this function can.

    Args:
        client: botocore's `kms` client; its principal may `kms:GenerateMac`.
        key: ARN of the stage's HMAC key.
    """

    def __init__(self, client: Any, key: str) -> None:
        self._client = client
        self._key = key

    def owner(self, number: str) -> str:
        """Return the name of whoever calls from *number*.

        Raises:
            KeyUnavailableError: KMS refused or did not answer.
        """
        try:
            answer = self._client.generate_mac(
                KeyId=self._key, MacAlgorithm="HMAC_SHA_256", Message=number.encode()
            )
        except (ClientError, BotoCoreError) as fault:
            code = fault.response["Error"]["Code"] if isinstance(fault, ClientError) else type(fault).__name__
            raise KeyUnavailableError(
                f"KMS did not hash a caller's number ({code}), so the call was not taken.  If it was throttled, "
                "callers can try again; if access was denied or the key is disabled, enable the key or deploy "
                "the door again."
            ) from None
        return f"phone:{base64.urlsafe_b64encode(answer['Mac'][:_BYTES]).decode()}"
