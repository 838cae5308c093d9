"""The page on which the one local developer signs in."""

import base64
import hashlib
import html
import re
from collections.abc import Mapping
from pathlib import Path
from string import Template

_TEMPLATE = Template(Path(__file__).with_name("sign_in.html").read_text())
_STYLE = re.search(r"<style>(.*?)</style>", _TEMPLATE.template, re.DOTALL)


def sign_in_page(request: Mapping[str, str]) -> str:
    """Return the page; its form sends *request* along."""
    fields = [
        f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">'
        for name, value in request.items()
    ]
    return _TEMPLATE.substitute(fields="\n        ".join(fields))


def headers() -> dict[str, str]:
    """Return what keeps everybody else out of the page."""
    style = base64.b64encode(hashlib.sha256((_STYLE[1] if _STYLE else "").encode()).digest()).decode()
    policy = (
        "default-src 'none'",
        f"style-src 'sha256-{style}'",
        # Browsers hold the redirect after the form to this, too: it leads to a page on this machine.
        "form-action 'self' http://localhost:* http://127.0.0.1:*",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
    return {
        "content-security-policy": "; ".join(policy),
        # Without a referrer at all, browsers send the form with `Origin: null`.
        "referrer-policy": "same-origin",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
    }
