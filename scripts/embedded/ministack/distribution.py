"""CloudFront: an HTTP API of this MiniStack as an origin.

MiniStack's own distributions pass on to buckets, load balancers, function URLs and hosts that are not AWS's;
an origin at `execute-api` they refuse, so that nothing ever leaves for AWS.  Here it is answered in this process.
"""

import asyncio
import http.client
import re
from typing import Any
from urllib.parse import parse_qs, unquote

import ministack.app
from ministack.services import cloudfront

_API = re.compile(r"([a-z0-9]+)\.execute-api\.[a-z0-9-]+\.amazonaws\.com")


def serve_apis_as_origins() -> None:
    """Let a distribution's origin be an API of this MiniStack."""
    fetch_elsewhere = cloudfront._fetch_from_origin

    async def fetch(origin: dict[str, Any], *request: Any) -> tuple[int, str, dict[str, Any], bytes]:
        found = _API.fullmatch(origin["domain_name"])
        if not found:
            answer: tuple[int, str, dict[str, Any], bytes] = await fetch_elsewhere(origin, *request)
            return answer
        return await _ask_api(found[1], origin, request)

    cloudfront._fetch_from_origin = fetch


async def _ask_api(
    api_id: str, origin: dict[str, Any], request: tuple[Any, ...]
) -> tuple[int, str, dict[str, Any], bytes]:
    method, path, query, headers, body, _is_https, client_address, forwarded_for, *_ = request
    sent = cloudfront._origin_request_headers(origin, headers, client_address, forwarded_for)
    asking = ministack.app._handle_execute_api_request(
        f"{api_id}.execute-api.localhost",
        unquote(path),
        method,
        {name.lower(): value for name, value in sent.items()},
        body,
        parse_qs(query, keep_blank_values=True),
        raw_path=path,
        raw_query_string=query,
    )
    try:
        status, answered, data = await asyncio.wait_for(asking, origin["read_timeout"])
    except TimeoutError as late:
        raise cloudfront.OriginTimeout(f"no answer from API {api_id}") from late
    pairs = [
        (name, one)
        for name, value in answered.items()
        for one in (value if isinstance(value, list) else [value])
    ]
    return status, http.client.responses.get(status, ""), cloudfront._multidict_from_pairs(pairs), data
