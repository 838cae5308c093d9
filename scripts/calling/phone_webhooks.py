"""What a phone provider asks when somebody calls, signed as the provider signs, and what it makes of the answer.

A second implementation beside the door's, from the same documentation: `runtime/door/telephony` names it.
"""

import base64
import hashlib
import hmac
import json
import secrets
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from xml.etree import ElementTree as ET

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scripts.calling.errors import RefusedError
from scripts.embedded.phones import PhoneAccount

FORM = "application/x-www-form-urlencoded"
SESSION_ID = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """One signed request."""

    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """Where the answer document sends the call's audio."""

    url: str = field(repr=False)
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def session_id(self) -> str:
        """Return the session that the way in is for."""
        query = parse_qs(urlsplit(self.url).query)
        return self.parameters.get("session") or query.get(SESSION_ID, [""])[0]


def ring(account: PhoneAccount, url: str) -> Webhook:
    """Return the request that *account*'s provider sends to *url* when somebody calls its number."""
    match account.provider:
        case "twilio":
            return _twilio(account, url)
        case "plivo":
            return _plivo(account, url)
        case "vonage":
            return _vonage(account)
        case _:
            return _telnyx(account)


def _twilio(account: PhoneAccount, url: str) -> Webhook:
    fields = {"CallSid": f"CA{uuid.uuid4().hex}", "From": account.caller, "To": account.number}
    signed = url + "".join(name + fields[name] for name in sorted(fields))
    made = base64.b64encode(hmac.digest(account.secret.encode(), signed.encode(), "sha1")).decode()
    return _form(fields, {"X-Twilio-Signature": made})


def _plivo(account: PhoneAccount, url: str) -> Webhook:
    fields = {
        "CallUUID": str(uuid.uuid4()),
        "From": account.caller.lstrip("+"),
        "To": account.number.lstrip("+"),
    }
    nonce = secrets.token_hex(10)
    signed = f"{url}?{''.join(name + fields[name] for name in sorted(fields))}.{nonce}"
    made = base64.b64encode(hmac.digest(account.secret.encode(), signed.encode(), "sha256")).decode()
    return _form(fields, {"X-Plivo-Signature-V3": made, "X-Plivo-Signature-V3-Nonce": nonce})


def _vonage(account: PhoneAccount) -> Webhook:
    fields = {"uuid": str(uuid.uuid4()), "from": account.caller.lstrip("+"), "to": account.number.lstrip("+")}
    body = json.dumps(fields).encode()
    claims = {
        "iss": "Vonage",
        "iat": int(time.time()),
        "jti": str(uuid.uuid4()),
        "payload_hash": hashlib.sha256(body).hexdigest(),
    }
    token = jwt.encode(claims, account.secret, algorithm="HS256")
    return Webhook(
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"}, body=body
    )


def _telnyx(account: PhoneAccount) -> Webhook:
    fields = {"CallSid": f"v3:{uuid.uuid4()}", "From": account.caller, "To": account.number}
    moment, body = str(int(time.time())), urlencode(fields).encode()
    key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(account.secret))
    made = base64.b64encode(key.sign(moment.encode() + b"|" + body)).decode()
    return _form(fields, {"Telnyx-Timestamp": moment, "Telnyx-Signature-Ed25519": made})


def _form(fields: Mapping[str, str], headers: Mapping[str, str]) -> Webhook:
    return Webhook(headers={**headers, "Content-Type": FORM}, body=urlencode(fields).encode())


def stream_of(answer: str, provider: str) -> Stream:
    """Return what *provider* would stream to.

    Raises:
        RefusedError: The answer takes no call.
    """
    try:
        return _stream_of_json(json.loads(answer)) if provider == "vonage" else _stream_of_xml(answer)
    except (ET.ParseError, KeyError, IndexError, TypeError, ValueError, StopIteration):
        raise RefusedError(
            f"The door's answer to {provider} streams to nowhere, so the call was not taken; the log of its function "
            "says why."
        ) from None


def _stream_of_json(actions: Any) -> Stream:
    return Stream(url=actions[0]["endpoint"][0]["uri"])


def _stream_of_xml(text: str) -> Stream:
    stream = next(ET.fromstring(text).iter("Stream"))  # noqa: S314 - of our own door
    parameters = {one.attrib["name"]: one.attrib["value"] for one in stream.iter("Parameter")}
    return Stream(url=stream.attrib.get("url") or str(stream.text), parameters=parameters)
