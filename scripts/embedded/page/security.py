"""What keeps other pages of the same browser out, and this page from talking to anybody else."""

from collections.abc import Mapping

HOSTS = ("localhost", "127.0.0.1")


def allowed_hosts(port: int) -> frozenset[str]:
    """Return the values of `Host` that mean this server.

    A page of another site can make its own name point to 127.0.0.1; its browser then still sends that name.
    """
    return frozenset(f"{host}:{port}" for host in HOSTS)


def is_own(headers: Mapping[str, str], host: str, *, changes: bool) -> bool:
    """Say whether a request for the door comes from this page.

    Browsers send `Origin` with whatever changes something, and `Sec-Fetch-Site` with everything; what
    sends neither is no browser, and could sign requests itself if it had the keys.
    """
    origin = headers.get("origin")
    if origin is None and changes:
        return False
    if origin is not None and origin != f"http://{host}":
        return False
    return headers.get("sec-fetch-site", "same-origin") == "same-origin"


def security_headers(agent: str) -> dict[str, str]:
    """Return the headers of every answer.

    Args:
        agent: Origin of the agent's WebSocket; over WebRTC the relays are named by the door, and no policy
            of browsers speaks of them.
    """
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self'",
        "connect-src": f"'self' {agent}",
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
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
    }
