"""Signature version 4, from the verifying side: the request, and every event of its stream.

The request is judged by botocore's signer, which is not the code that the Bedrock SDK signs with.
Each event carries a signature that covers the one before it, so that none can be dropped, repeated
or reordered.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html and
https://docs.aws.amazon.com/transcribe/latest/dg/streaming-setting-up.html (event stream encoding).
"""

import datetime as dt
import hashlib
import hmac
import re
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import botocore.credentials
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders

from scripts.embedded.bedrock.credentials import Credentials
from scripts.embedded.bedrock.eventstream import Message
from scripts.embedded.bedrock.refusal import Refusal, expired, mismatch, unrecognised

SERVICE = "bedrock"
# Source: IAM user guide, SigV4: a request is good for five minutes around its date.
CLOCK_SKEW_SECONDS = 300

_TIMESTAMP = "%Y%m%dT%H%M%SZ"
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/, ]+)/(?P<date>\d{8})/(?P<region>[^/, ]+)/(?P<service>[^/, ]+)"
    r"/aws4_request, ?SignedHeaders=(?P<headers>[^, ]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)


@dataclass(frozen=True, slots=True)
class Claim:
    """What an Authorization header says: who signed what, for which Region."""

    access_key_id: str
    date: str
    region: str
    signed_headers: tuple[str, ...]
    signature: str


def read_claim(headers: Mapping[str, str]) -> Claim:
    """Take the Authorization header apart.

    Raises:
        Refusal: It is absent, of another shape, or for another service.
    """
    if "authorization" not in headers:
        raise Refusal(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
    parts = _AUTHORIZATION.fullmatch(headers["authorization"])
    if not parts:
        raise Refusal(403, "IncompleteSignatureException", "The Authorization header is no SigV4.")
    if parts["service"] != SERVICE:
        message = f"Credential should be scoped to correct service: '{SERVICE}'."
        raise Refusal(403, "InvalidSignatureException", message)
    signed = tuple(parts["headers"].split(";"))
    return Claim(parts["key"], parts["date"], parts["region"], signed, parts["signature"])


def verify_request(claim: Claim, credentials: Credentials, headers: Mapping[str, str]) -> None:
    """Check the signature of a request's head.

    Raises:
        Refusal: The key has expired, the token is another's, the clock is off, or the signature
            does not match.
    """
    if credentials.expires_at <= time.time():
        raise expired()
    if not _equal(headers.get("x-amz-security-token", ""), credentials.session_token):
        raise unrecognised()
    timestamp = headers.get("x-amz-date", "")
    _check_clock(timestamp, claim)
    key = botocore.credentials.Credentials(claim.access_key_id, credentials.secret_access_key)
    signer = _Signer(key, SERVICE, claim.region)
    request = AWSRequest(
        method=headers[":method"],
        url=f"https://{headers[':authority']}{headers[':path']}",
        headers=_signed_only(claim, headers),
    )
    request.context["timestamp"] = timestamp
    wording = signer.string_to_sign(request, signer.canonical_request(request))
    if not _equal(signer.signature(wording, request), claim.signature):
        raise mismatch()


class EventChain:
    """Verifies the events of one stream, each against the signature before it."""

    def __init__(self, claim: Claim, credentials: Credentials) -> None:
        self._claim = claim
        self._secret = credentials.secret_access_key
        self._prior = claim.signature

    def verify(self, message: Message) -> None:
        """Check the next signed frame.

        Raises:
            Refusal: Its signature is absent or does not match.
        """
        date, signature = message.headers.get(":date"), message.headers.get(":chunk-signature")
        if not isinstance(date, int) or not isinstance(signature, bytes):
            raise mismatch()
        expected = hmac.digest(*self._key_and_wording(date, message.payload), hashlib.sha256)
        if not hmac.compare_digest(expected, signature):
            raise mismatch()
        self._prior = signature.hex()

    def _key_and_wording(self, date_ms: int, payload: bytes) -> tuple[bytes, bytes]:
        moment = dt.datetime.fromtimestamp(date_ms // 1000, dt.UTC)
        day, region = moment.strftime("%Y%m%d"), self._claim.region
        key = f"AWS4{self._secret}".encode()
        for part in (day, region, SERVICE, "aws4_request"):
            key = hmac.digest(key, part.encode(), hashlib.sha256)
        # The frame's own header, encoded again: name, type 8 (timestamp), milliseconds.
        header = struct.pack("!B5sBq", 5, b":date", 8, date_ms)
        wording = (
            "AWS4-HMAC-SHA256-PAYLOAD",
            moment.strftime(_TIMESTAMP),
            f"{day}/{region}/{SERVICE}/aws4_request",
            self._prior,
            hashlib.sha256(header).hexdigest(),
            hashlib.sha256(payload).hexdigest(),
        )
        return key, "\n".join(wording).encode()


class _Signer(SigV4Auth):
    """botocore's signer over exactly the headers that the client signed.

    botocore's own choice leaves out headers that it never signs itself.
    """

    def headers_to_sign(self, request: Any) -> Any:
        chosen = HTTPHeaders()
        for name, value in request.headers.items():
            chosen[name] = value
        return chosen


def _signed_only(claim: Claim, headers: Mapping[str, str]) -> dict[str, str]:
    present = {**headers, "host": headers[":authority"]}
    if "host" not in claim.signed_headers or not present.keys() >= set(claim.signed_headers):
        raise mismatch()
    return {name: present[name] for name in claim.signed_headers}


def _check_clock(timestamp: str, claim: Claim) -> None:
    try:
        signed = dt.datetime.strptime(timestamp, _TIMESTAMP).replace(tzinfo=dt.UTC)
    except ValueError:
        raise mismatch() from None
    off = abs(time.time() - signed.timestamp())
    if off > CLOCK_SKEW_SECONDS or not timestamp.startswith(claim.date):
        message = f"Signature expired: {timestamp} is not within {CLOCK_SKEW_SECONDS} s of now."
        raise Refusal(403, "InvalidSignatureException", message)


def _equal(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
