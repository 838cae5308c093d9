"""The digest that a tag of a public container image has now, asked of its registry without Docker.

Source: OCI Distribution Specification 1.1 ("Pulling manifests"), and the token authentication that registries share
(distribution.github.io/distribution/spec/auth/token).
"""

import hashlib
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Self

import httpx

from scripts.operating.errors import ImageError

TIMEOUT_SECONDS = 10.0

INDEX_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
PROCESSOR = ("linux", "arm64")
"""What the bridge's tasks run on."""

_TAGGED = re.compile(r"(?P<host>[a-z0-9.-]+(:\d+)?)/(?P<path>[a-z0-9._/-]+):(?P<tag>[\w.-]{1,128})", re.ASCII)
_LOOPBACK = ("localhost", "127.0.0.1")


@dataclass(frozen=True, slots=True)
class Tagged:
    """One image, as its tag names it."""

    host: str
    path: str
    tag: str

    @classmethod
    def read(cls, text: str) -> Self:
        """Read HOST/NAME:TAG.

        Raises:
            ImageError: It is something else.
        """
        if not (found := _TAGGED.fullmatch(text)):
            raise ImageError(
                f"{text!r} is no image with a registry and a tag, so nothing was asked; write HOST/NAME:TAG."
            )
        return cls(found["host"], found["path"], found["tag"])

    @property
    def is_here(self) -> bool:
        """Whether its registry is on this machine: without TLS, and behind no proxy."""
        return self.host.partition(":")[0] in _LOOPBACK

    @property
    def url(self) -> str:
        """Where its registry has what the tag leads to."""
        scheme = "http" if self.is_here else "https"
        return f"{scheme}://{self.host}/v2/{self.path}/manifests/{self.tag}"


def by_digest(image: Tagged) -> str:
    """Return what *image* is called by its content, which no tag can change.

    Raises:
        ImageError: The registry does not know it or wants a sign-in, or it does not run on arm64.
    """
    try:
        with httpx.Client(
            timeout=TIMEOUT_SECONDS, follow_redirects=True, trust_env=not image.is_here
        ) as client:
            index = _index(client, image)
    except httpx.HTTPError as fault:
        raise _unknown(image, f"does not answer ({type(fault).__name__})") from None
    if PROCESSOR not in _processors(index, image):
        raise ImageError(
            f"{image.path}:{image.tag} has nothing for {'/'.join(PROCESSOR)}, where the bridge's tasks run; choose "
            "another image or tag."
        )
    # Computed, not believed: the registry's own header could say anything.
    return f"{image.host}/{image.path}@sha256:{hashlib.sha256(index.content).hexdigest()}"


def _index(client: httpx.Client, image: Tagged) -> httpx.Response:
    headers = {"Accept": ", ".join(INDEX_TYPES)}
    answer = client.get(image.url, headers=headers)
    if answer.status_code == HTTPStatus.UNAUTHORIZED:
        token = _token(client, answer.headers.get("WWW-Authenticate", ""), image)
        answer = client.get(image.url, headers={**headers, "Authorization": f"Bearer {token}"})
    if answer.status_code != HTTPStatus.OK:
        raise _unknown(image, f"answered {answer.status_code}")
    return answer


def _token(client: httpx.Client, challenge: str, image: Tagged) -> str:
    """Ask for what a registry gives everybody who wants to read something public."""
    asked = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
    realm = httpx.URL(asked.get("realm", ""))
    if realm.scheme != "https" and realm.host not in _LOOPBACK:
        raise _unknown(image, "does not say where its tokens are had")
    query = {"service": asked.get("service", ""), "scope": f"repository:{image.path}:pull"}
    answer = client.get(realm, params=query)
    try:
        return str(answer.json()["token"])
    except (ValueError, KeyError, TypeError):
        raise _unknown(image, "lets nobody in without a sign-in") from None


def _processors(index: httpx.Response, image: Tagged) -> set[tuple[str, str]]:
    try:
        platforms = [one["platform"] for one in index.json()["manifests"]]
        return {(one["os"], one["architecture"]) for one in platforms}
    except (ValueError, KeyError, TypeError):
        raise _unknown(image, "did not answer with an index of images") from None


def _unknown(image: Tagged, why: str) -> ImageError:
    return ImageError(
        f"{image.host} {why}, so the digest of {image.path}:{image.tag} is not known; look at the name, or choose a "
        "registry that is open to everybody."
    )
