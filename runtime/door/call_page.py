"""The call page: its files and what it must know, served by a Lambda function that has no right at all.

`scripts/page` puts this file, and the three that it imports, beside the page's own; that folder is the
function's code.  CloudFront stands before it on AWS, but whoever finds the API's own address gets the
same files with the same headers.
"""

import json
import os
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

from runtime.settings.page import PageSettings

FILES = Path(__file__).parents[2] / "files"
INDEX, CONFIG, FILE = "GET /", "GET /page/config.json", "GET /page/{version}/{file}"

# A file's address holds the version of the page that it belongs to, so it may be kept for ever.
KEPT = "public, max-age=31536000, immutable"
ASKED_EACH_TIME = "no-cache"

KINDS = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
}


def handle_page(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Serve one file."""
    return _page().answer(event["routeKey"], event.get("pathParameters") or {})


class CallPage:
    """Knows every answer beforehand: nothing of a request ever reaches the disk.

    Args:
        folder: What `scripts/page` made: `index.html`, and one folder named after the page's version.
        settings: What the page may know about its stage.
    """

    def __init__(self, folder: Path, settings: PageSettings) -> None:
        self._texts = {
            str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*") if file.is_file()
        }
        self._about = json.dumps(about(settings))
        self._headers = security_headers(settings)

    def answer(self, route: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        """Make the response to a request of *route*."""
        if route == INDEX:
            return self._respond(self._texts["index.html"], ".html", ASKED_EACH_TIME)
        if route == CONFIG:
            return self._respond(self._about, ".json", ASKED_EACH_TIME)
        return self._file(f"{parameters.get('version')}/{parameters.get('file')}")

    def _file(self, name: str) -> dict[str, Any]:
        if name not in self._texts:
            detail = "The page has no such file; load the page anew, for it may have changed."
            return self._respond(
                _problem(HTTPStatus.NOT_FOUND, detail), ".json", "no-store", HTTPStatus.NOT_FOUND
            )
        return self._respond(self._texts[name], Path(name).suffix, KEPT)

    def _respond(
        self, body: str, suffix: str, kept: str, status: HTTPStatus = HTTPStatus.OK
    ) -> dict[str, Any]:
        kind = KINDS[suffix] if status is HTTPStatus.OK else "application/problem+json"
        headers = {"content-type": f"{kind}; charset=utf-8", "cache-control": kept, **self._headers}
        return {"statusCode": status, "headers": headers, "body": body}


def about(settings: PageSettings) -> dict[str, Any]:
    """Return what the page must know before anybody has signed in; all of it is public."""
    return {
        "stage": settings.stage,
        "embedded": settings.embedded,
        "before_call": settings.before_call,
        "auth": {
            "kind": settings.auth_kind,
            "issuer": settings.issuer,
            "client_id": settings.client_id,
            "scopes": settings.scopes,
            "guests": settings.guests,
        },
    }


def security_headers(settings: PageSettings) -> dict[str, str]:
    """Return what keeps the page from everybody else: scripts of its own, connections to three known places.

    Over WebRTC the relays are named by the door, and no policy of browsers speaks of them.
    """
    connections = " ".join(filter(None, ("'self'", settings.agent_origin, settings.sign_in_origins)))
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self'",
        "connect-src": connections,
        "media-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    return {
        "content-security-policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-embedder-policy": "require-corp",
        "cross-origin-resource-policy": "same-origin",
        "origin-agent-cluster": "?1",
        "permissions-policy": "microphone=(self), camera=(), geolocation=(), display-capture=(), usb=(), payment=()",
        "referrer-policy": "no-referrer",
        # A browser takes it over HTTPS only, so it means nothing on localhost.
        "strict-transport-security": "max-age=31536000",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "x-robots-tag": "noindex",
    }


def _problem(status: HTTPStatus, detail: str) -> str:
    body = {"type": "about:blank", "title": status.phrase, "status": status, "detail": detail}
    return json.dumps(body)


@cache
def _page() -> CallPage:
    return CallPage(FILES, PageSettings.from_environment(os.environ))
