"""What docs/openapi.json says of the route that phone providers call."""

from http import HTTPStatus
from typing import Any, Final

from runtime.door.telephony.handler import PROVIDERS

PATH: Final = "/telephony/{provider}"

SECURITY_SCHEMES: Final = {
    "twilio": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Twilio-Signature",
        "description": "As Twilio signs: HMAC over this address and the form.",
    },
    "vonage": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "As Vonage signs: a token with the hash of the body, below `/telephony/vonage`.",
    },
    "telnyx": {
        "type": "apiKey",
        "in": "header",
        "name": "telnyx-signature-ed25519",
        "description": "As Telnyx signs: Ed25519 over `telnyx-timestamp` and the body.",
    },
    "plivo": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Plivo-Signature-V3",
        "description": "As Plivo signs: HMAC over this address, the form and `X-Plivo-Signature-V3-Nonce`.",
    },
}

_DOCUMENT: Final = {"schema": {"type": "string"}}
_OBJECTS: Final = {"schema": {"type": "array", "items": {"type": "object"}}}
_FORM: Final = {"schema": {"type": "object", "additionalProperties": {"type": "string"}}}
_ANYTHING: Final = {"schema": {"type": "object"}}

REFUSES: Final = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.CONFLICT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
)


def path(responses: str, headers: dict[str, Any], problem: dict[str, str]) -> dict[str, Any]:
    """Return the path item; *responses* is where refusals are described."""
    refused = {str(one.value): {"$ref": f"{responses}{one.name}"} for one in REFUSES}
    operation = {
        "operationId": "post-telephony-provider",
        "summary": "Takes a call: what the provider answers it with, or how it turns the caller away",
        "security": [{name: []} for name in PROVIDERS],
        "requestBody": {
            "required": True,
            "content": {"application/x-www-form-urlencoded": _FORM, "application/json": _ANYTHING},
        },
        "responses": {
            "200": {
                "description": "TwiML, TeXML or Plivo's XML; an NCCO of Vonage's as JSON.",
                "headers": headers,
                "content": {"application/xml": _DOCUMENT, "application/json": _OBJECTS},
            },
            "204": {"description": "The report of how a call went was taken.", "headers": headers},
            "403": {
                "description": "The provider did not sign this, or not lately; to Vonage also: the call is not taken.",
                "headers": headers,
                "content": {"application/problem+json": {"schema": problem}, "application/json": _OBJECTS},
            },
            **refused,
        },
    }
    provider = {"name": "provider", "in": "path", "required": True, "schema": {"enum": list(PROVIDERS)}}
    return {"post": operation, "parameters": [provider]}
