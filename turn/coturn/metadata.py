"""What an instance knows about itself, from its metadata service, version 2."""

import http.client
from urllib.parse import urlsplit

METADATA_URL = "http://169.254.169.254"
_TOKEN_SECONDS = 300
_PATIENCE_SECONDS = 3.0


class MetadataError(Exception):
    """The metadata service did not say what was asked; the instance cannot become a relay without it."""


class Metadata:
    """Asks with a session token, as instances of ours require it."""

    def __init__(self, url: str = METADATA_URL) -> None:
        self._host = urlsplit(url).netloc

    def read(self, path: str) -> str:
        """Return what is under `meta-data/`, such as `local-ipv4`.

        Raises:
            MetadataError: It is not there, or nobody answers.
        """
        token = self._ask("PUT", "api/token", {"x-aws-ec2-metadata-token-ttl-seconds": str(_TOKEN_SECONDS)})
        return self._ask("GET", f"meta-data/{path}", {"x-aws-ec2-metadata-token": token})

    def tag(self, name: str) -> str:
        """Return a tag of this instance; raises `MetadataError` as `read` does."""
        return self.read(f"tags/instance/{name}")

    def _ask(self, method: str, path: str, headers: dict[str, str]) -> str:
        connection = http.client.HTTPConnection(self._host, timeout=_PATIENCE_SECONDS)
        try:
            connection.request(method, f"/latest/{path}", headers=headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        except (OSError, http.client.HTTPException) as fault:
            raise MetadataError(f"The metadata service did not answer for {path}: {fault}.") from fault
        finally:
            connection.close()
        if answer.status != http.HTTPStatus.OK:
            raise MetadataError(f"The metadata service answered {answer.status} for {path}.")
        return text
