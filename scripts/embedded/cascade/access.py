"""Who asks, and whether they may: the signature in the header or in the query, then the policies."""

import asyncio
from datetime import UTC, datetime

from starlette.requests import HTTPConnection

from scripts.embedded.agentcore.errors import AccessError
from scripts.embedded.agentcore.signature import SignedRequest, read_claim, verify
from scripts.embedded.bedrock.credentials import CredentialsLookup
from scripts.embedded.bedrock.refusal import Refusal, denied, expired, unavailable, unrecognised


async def admit(
    request: HTTPConnection,
    body: bytes,
    *,
    service: str,
    action: str,
    resources: tuple[str, ...],
    lookup: CredentialsLookup | None,
) -> None:
    """Check that *request* is signed for *service* by somebody who may do *action* on all of *resources*.

    Without *lookup* it must be signed, and by whom is not checked.

    Raises:
        Refusal: It is not.
    """
    signed = _signed(request, body)
    try:
        # In a thread, because whoever knows the credentials may be another process.
        await asyncio.to_thread(_judge, signed, service, action, resources, lookup)
    except AccessError as fault:
        raise Refusal(int(fault.status), fault.code, str(fault)) from fault
    except OSError as fault:
        raise unavailable(f"Whose key this is cannot be asked: {fault}.") from fault


def _judge(
    signed: SignedRequest,
    service: str,
    action: str,
    resources: tuple[str, ...],
    lookup: CredentialsLookup | None,
) -> None:
    claim = read_claim(signed)
    if lookup is None:
        return
    credentials = lookup(claim.access_key)
    if credentials is None or credentials.session_token != claim.session_token:
        raise unrecognised()
    now = datetime.now(UTC)
    if now.timestamp() >= credentials.expires_at:
        raise expired()
    verify(claim, signed, secret=credentials.secret_access_key, now=now, service=service)
    for resource in resources:
        if not credentials.allows(action, resource):
            raise denied(action, resource)


def _signed(request: HTTPConnection, body: bytes) -> SignedRequest:
    raw_path = request.scope["raw_path"].decode().partition("?")[0]
    headers = {name.decode().lower(): value.decode() for name, value in request.scope["headers"]}
    method = request.scope.get("method", "GET")
    return SignedRequest(
        method=method,
        raw_path=raw_path,
        raw_query=request.scope["query_string"].decode(),
        headers=headers,
        body=body,
    )
