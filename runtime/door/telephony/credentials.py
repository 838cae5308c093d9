"""What providers' webhooks are verified with, from the deployer's own secrets."""

from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from runtime.clock import Clock
from runtime.errors import SettingsError

FRESH_SECONDS: Final = 60
"""How long a secret is believed after it was read; a provider signs with a new one from its first second on."""


class Credentials:
    """Reads secrets, and each again when it is no longer fresh.

    Args:
        client: botocore's `secretsmanager` client.
        clock: Seconds, which go on while nobody calls.
    """

    def __init__(self, client: Any, *, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._read: dict[str, tuple[str, float]] = {}

    def read(self, arn: str) -> str:
        """Return the text of the secret *arn*.

        Raises:
            SettingsError: It cannot be had, or is empty: an empty key would let everybody sign.
        """
        text, read_at = self._read.get(arn, ("", 0.0))
        if not text or self._clock() - read_at > FRESH_SECONDS:
            text = self._fetch(arn)
            self._read[arn] = text, self._clock()
        return text

    def _fetch(self, arn: str) -> str:
        try:
            text = str(self._client.get_secret_value(SecretId=arn)["SecretString"]).strip()
        except (ClientError, BotoCoreError, KeyError) as fault:
            code = fault.response["Error"]["Code"] if isinstance(fault, ClientError) else type(fault).__name__
            raise _unusable(arn, code) from None
        if not text:
            raise _unusable(arn, "it is empty")
        return text


def _unusable(arn: str, why: str) -> SettingsError:
    return SettingsError(
        f"The secret {arn} cannot be used ({why}), so no webhook can be verified and no call is taken.  Check "
        "that it exists and holds text, and deploy the door again if its role may not read it."
    )
