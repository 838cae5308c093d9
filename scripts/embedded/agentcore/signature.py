"""SigV4 as AgentCore verifies it: in the Authorization header, or in the query of a pre-signed URL.

botocore's own signer recomputes the signature over what arrived, so that this file holds no second
opinion about how SigV4 canonicalises a request.

Source: AWS General Reference, "Signature Version 4 signing process".
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from scripts.embedded.agentcore.errors import AccessError

SERVICE = "bedrock-agentcore"
CLOCK_SKEW_SECONDS = 300
"""How far the signer's clock may be off. Source: IAM User Guide, "Signing AWS API requests"."""
LONGEST_PRESIGNED_SECONDS = 300
"""Source: `MAX_PRESIGNED_URL_TIMEOUT` of the bedrock-agentcore SDK."""

_ALGORITHM = "AWS4-HMAC-SHA256"
_HEADER = re.compile(
    _ALGORITHM + r" Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})"
)
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
    "Access Key and signing method. Consult the service documentation for details."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRequest:
    """A request as it arrived: nothing decoded, header names in lower case."""

    method: str
    raw_path: str
    raw_query: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Who a request says it is from; worth nothing until `verify` has passed."""

    access_key: str
    session_token: str = field(repr=False)
    scope_date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    timestamp: str
    signature: str = field(repr=False)
    expires_seconds: int | None
    """Life of a pre-signed URL; None for a signature in the header."""

    def covers(self, header: str) -> bool:
        """Whether *header* is part of what was signed."""
        return header in self.signed_headers


def read_claim(request: SignedRequest) -> Claim:
    """Read the signature that *request* carries, from its header or its query.

    Raises:
        AccessError: There is none, or it is incomplete.
    """
    if "authorization" in request.headers:
        return _claim_in_header(request.headers)
    query = dict(parse_qsl(request.raw_query, keep_blank_values=True))
    if "X-Amz-Signature" in query:
        return _claim_in_query(query)
    raise AccessError("Missing Authentication Token", code="MissingAuthenticationTokenException")


def verify(
    claim: Claim, request: SignedRequest, *, secret: str, now: datetime, service: str = SERVICE
) -> None:
    """Check that the holder of *secret* signed exactly this request to *service*, recently enough.

    Raises:
        AccessError: The signature is wrong, too old, or for another service.
    """
    _check_scope(claim, service)
    _check_time(claim, now)
    _check_body(request)
    signer = _Signer(Credentials(claim.access_key, secret), claim.service, claim.region)
    recomputed = signer.recompute(claim, request)
    if not hmac.compare_digest(recomputed, claim.signature):
        raise AccessError(_MISMATCH, code="InvalidSignatureException")


class _Signer(SigV4Auth):
    """botocore's signer, told which headers were signed instead of choosing them."""

    def recompute(self, claim: Claim, request: SignedRequest) -> str:
        signed = {name: request.headers.get(name, "") for name in claim.signed_headers}
        query = "&".join(
            one for one in request.raw_query.split("&") if not one.startswith("X-Amz-Signature=")
        )
        url = f"https://{request.headers.get('host', '')}{request.raw_path}?{query}"
        aws_request = AWSRequest(request.method, url, headers=signed, data=request.body)
        aws_request.context["timestamp"] = claim.timestamp
        canonical = self.canonical_request(aws_request)
        signature: str = self.signature(self.string_to_sign(aws_request, canonical), aws_request)
        return signature

    def headers_to_sign(self, request: Any) -> Any:
        return request.headers


def _claim_in_header(headers: Mapping[str, str]) -> Claim:
    parts = _HEADER.fullmatch(headers["authorization"])
    if parts is None or "x-amz-date" not in headers:
        raise AccessError("Authorization header is no complete SigV4.", code="IncompleteSignatureException")
    return _claim(
        parts[1],
        signed_headers=parts[2],
        signature=parts[3],
        timestamp=headers["x-amz-date"],
        session_token=headers.get("x-amz-security-token", ""),
        expires_seconds=None,
    )


def _claim_in_query(query: Mapping[str, str]) -> Claim:
    needed = ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders")
    missing = [name for name in needed if not query.get(name)]
    if missing or query["X-Amz-Algorithm"] != _ALGORITHM or not query["X-Amz-Expires"].isdecimal():
        raise AccessError(
            f"AWS query-string parameters are incomplete: {', '.join(missing) or 'unknown algorithm or expiry'}.",
            code="IncompleteSignatureException",
        )
    return _claim(
        query["X-Amz-Credential"],
        signed_headers=query["X-Amz-SignedHeaders"],
        signature=query["X-Amz-Signature"],
        timestamp=query["X-Amz-Date"],
        session_token=query.get("X-Amz-Security-Token", ""),
        expires_seconds=int(query["X-Amz-Expires"]),
    )


def _claim(credential: str, *, signed_headers: str, **rest: Any) -> Claim:
    scope = credential.split("/")
    if len(scope) != 5 or scope[4] != "aws4_request":  # noqa: PLR2004  (key/date/region/service/aws4_request)
        raise AccessError(f"Credential {credential!r} is incomplete.", code="IncompleteSignatureException")
    key, date, region, service, _ = scope
    return Claim(
        access_key=key,
        scope_date=date,
        region=region,
        service=service,
        signed_headers=tuple(signed_headers.split(";")),
        **rest,
    )


def _check_scope(claim: Claim, service: str) -> None:
    if claim.service != service or not claim.timestamp.startswith(claim.scope_date):
        raise AccessError(
            f"Credential should be scoped to correct service: '{service}'.", code="InvalidSignatureException"
        )
    if not claim.covers("host"):
        raise AccessError("'Host' must be a signed header.", code="InvalidSignatureException")


def _check_time(claim: Claim, now: datetime) -> None:
    try:
        signed_at = datetime.strptime(claim.timestamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise AccessError("X-Amz-Date is no ISO 8601 date.", code="IncompleteSignatureException") from None
    age = (now - signed_at).total_seconds()
    oldest = CLOCK_SKEW_SECONDS if claim.expires_seconds is None else claim.expires_seconds
    if not -CLOCK_SKEW_SECONDS <= age <= oldest:
        raise AccessError(
            f"Signature expired: {claim.timestamp} is {age:.0f} s ago, {oldest} s are allowed.",
            code="InvalidSignatureException",
        )
    if oldest > LONGEST_PRESIGNED_SECONDS:
        raise AccessError(
            f"X-Amz-Expires is {oldest}, at most {LONGEST_PRESIGNED_SECONDS} are allowed.",
            code="InvalidSignatureException",
        )


def _check_body(request: SignedRequest) -> None:
    declared = request.headers.get("x-amz-content-sha256")
    if declared is not None and declared != hashlib.sha256(request.body).hexdigest():
        raise AccessError("The body is not the one that was signed.", code="InvalidSignatureException")
