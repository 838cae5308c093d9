"""Phone providers as the door sees them: webhooks that are signed as theirs are, and what comes back."""

import base64
import json
import time
import uuid
from hashlib import sha256
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from runtime.door.telephony import handler, plivo, twilio

PUBLIC_URL = "https://door.example.com"
REQUEST_ID = "JKJaXmPLvHcESHA="

OURS = "+14155550123"
CALLER = "+14155550100"

TELNYX_KEY = Ed25519PrivateKey.from_private_bytes(
    # RFC 8032, 7.1, TEST 1
    bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
)

SECRETS = {
    "twilio": "12345",
    "vonage": "Q7cNn0m3sNzIhxyB0eWcLbyhYcH7eGbqUqPi9lPTQdVb8hPpxu",
    "telnyx": base64.b64encode(TELNYX_KEY.public_key().public_bytes_raw()).decode(),
    "plivo": "MmFkYzFlMGQ2ZjQ4NGQ4Zjk3",
}
PROVIDERS = tuple(SECRETS)


def dial(provider: str, *, caller: str = CALLER, called: str = OURS, call_id: str = "", **more) -> dict:
    """A genuine webhook: *caller* calls *called*.  *more* goes to the provider's own function below."""
    return DIALS[provider](caller, called, call_id or str(uuid.uuid4()), **more)


def dial_twilio(
    caller, called, call_id, *, url=f"{PUBLIC_URL}/telephony/twilio", secret=SECRETS["twilio"], fields=()
):
    form = {"CallSid": call_id, "From": caller, "To": called, "CallStatus": "ringing", **dict(fields)}
    signed = twilio.signature(secret, url, form.items())
    return event("twilio", urlencode(form), {"x-twilio-signature": signed})


def dial_plivo(
    caller,
    called,
    call_id,
    *,
    url=f"{PUBLIC_URL}/telephony/plivo",
    secret=SECRETS["plivo"],
    nonce="",
    fields=(),
):
    bare = {"From": caller.removeprefix("+"), "To": called.removeprefix("+")}
    form = {"CallUUID": call_id, **bare, "Event": "StartApp", **dict(fields)}
    nonce = nonce or str(uuid.uuid4().int)
    signed = plivo.signature(secret, url, form.items(), nonce=nonce)
    headers = {"x-plivo-signature-v3": signed, "x-plivo-signature-v3-nonce": nonce}
    return event("plivo", urlencode(form), headers)


def dial_telnyx(caller, called, call_id, *, key=TELNYX_KEY, age=0.0, fields=()):
    form = {"CallSid": call_id, "From": caller, "To": called, "CallStatus": "initiated", **dict(fields)}
    body, moment = urlencode(form), str(int(time.time() - age))
    signed = base64.b64encode(key.sign(f"{moment}|{body}".encode())).decode()
    return event("telnyx", body, {"telnyx-timestamp": moment, "telnyx-signature-ed25519": signed})


def dial_vonage(
    caller, called, call_id, *, secret=SECRETS["vonage"], age=0.0, claims=(), fields=(), algorithm="HS256"
):
    bare = {"from": caller.removeprefix("+"), "to": called.removeprefix("+")}
    body = json.dumps({**bare, "uuid": call_id, "conversation_uuid": f"CON-{call_id}", **dict(fields)})
    said = {
        "iat": int(time.time() - age),
        "jti": str(uuid.uuid4()),
        "iss": "Vonage",
        "payload_hash": sha256(body.encode()).hexdigest(),
        "api_key": "a1b2c3d",
        **dict(claims),
    }
    token = jwt.encode(said, secret, algorithm=algorithm)
    return event("vonage", body, {"authorization": f"Bearer {token}", "content-type": "application/json"})


DIALS = {"twilio": dial_twilio, "plivo": dial_plivo, "telnyx": dial_telnyx, "vonage": dial_vonage}


def event(provider: str, body: str | bytes, headers: dict[str, str]) -> dict:
    """Payload format 2.0, as the HTTP API developer guide prints it; nobody is authenticated on this route."""
    path = f"/telephony/{provider}"
    return {
        "version": "2.0",
        "routeKey": "POST /telephony/{provider}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {
            "content-type": "application/x-www-form-urlencoded; charset=UTF-8",
            "host": "door.example.com",
            **headers,
        },
        "requestContext": {
            "accountId": "111122223333",
            "apiId": "api-id",
            "domainName": "id.execute-api.us-east-1.amazonaws.com",
            "http": {"method": "POST", "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1"},
            "requestId": REQUEST_ID,
            "routeKey": "POST /telephony/{provider}",
            "stage": "$default",
            "timeEpoch": int(time.time() * 1000),
        },
        "pathParameters": {"provider": provider},
        # API Gateway encodes bodies of types that it does not know to be text, and forms are among them.
        "body": base64.b64encode(body.encode() if isinstance(body, str) else body).decode(),
        "isBase64Encoded": True,
    }


def forget() -> None:
    """Leave the handler as it is in a process that has served nothing."""
    for built in vars(handler).values():
        if hasattr(built, "cache_clear"):
            built.cache_clear()


def answer(webhook: dict) -> tuple[int, str, dict[str, str]]:
    """Send *webhook* through the handler; return status, body and headers."""
    response = handler.handle_telephony(webhook, None)
    return response["statusCode"], response.get("body", ""), response["headers"]


def parsed(body: str) -> ET.Element:
    """A document of ours as its reader sees it."""
    return ET.fromstring(body)  # noqa: S314 - ours
