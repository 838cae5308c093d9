"""HTTP APIs: the throttles of a stage and of its routes, which MiniStack keeps and does not apply.

Each route has a bucket of tokens: as many as its burst, filled again at its rate; a request takes one, and
one that finds none is answered 429 before anybody asks who sends it.

Source: "Throttle requests to your HTTP APIs for better throughput in API Gateway", API Gateway Developer
Guide.  AWS keeps to its targets on a best-effort basis and for a whole fleet; this one counts exactly.
"""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import ministack.app
from ministack.core.responses import request_scope
from ministack.services import apigateway

type Refusal = tuple[int, dict[str, str], bytes]

_REFUSAL: Refusal = (
    429,
    {"Content-Type": "application/json"},
    json.dumps({"message": "Too Many Requests"}).encode(),
)


class TokenBucket:
    """Lets through *burst* requests at once, and *rate* a second for as long as one likes."""

    def __init__(self, *, rate: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate = rate
        self.burst = burst
        self._clock = clock
        self._tokens = float(burst)
        self._counted_at = clock()

    def take(self) -> bool:
        """Take a token; say whether there was one."""
        now = self._clock()
        self._tokens = min(self.burst, self._tokens + (now - self._counted_at) * self.rate)
        self._counted_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class Throttle:
    """The buckets of every route; a route whose limits change gets a new one."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[tuple[str, str, str], TokenBucket] = {}

    def admits(self, where: tuple[str, str, str], *, rate: float, burst: int) -> bool:
        """Say whether one more request may pass *where*: an API, its stage and its route."""
        bucket = self._buckets.get(where)
        if bucket is None or (bucket.rate, bucket.burst) != (rate, burst):
            bucket = self._buckets[where] = TokenBucket(rate=rate, burst=burst, clock=self._clock)
        return bucket.take()


def throttle_routes() -> None:
    """Make every stage keep to its throttles."""
    enforce = ministack.app._enforce_execute_api
    throttle = Throttle()

    def throttled(api_id: str, stage: str, method: str, path: str, *rest: Any, **named: Any) -> Any:
        limits = _limits(api_id, stage, method, path)
        if limits:
            route, rate, burst = limits
            if not throttle.admits((api_id, stage, route), rate=rate, burst=burst):
                return _REFUSAL
        return enforce(api_id, stage, method, path, *rest, **named)

    ministack.app._enforce_execute_api = throttled


def _limits(api_id: str, stage: str, method: str, path: str) -> tuple[str, float, int] | None:
    """Return the route that a request reaches, its rate and its burst; nothing where none is set."""
    scope = apigateway.find_api_scope(api_id)
    if scope is None:
        return None
    with request_scope(*scope):
        found = apigateway._stages.get(api_id, {}).get(stage) or {}
        route = apigateway._match_route(api_id, method, "/" + path.lstrip("/"))
    if not route:
        return None
    key = route["routeKey"]
    of_stage = _settings(found.get("defaultRouteSettings"))
    limits = of_stage | _settings((found.get("routeSettings") or {}).get(key))
    if limits.keys() < {"throttlingratelimit", "throttlingburstlimit"}:
        return None
    return key, float(limits["throttlingratelimit"]), int(limits["throttlingburstlimit"])


def _settings(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return settings by lower-case names: CloudFormation and the API write them in two ways."""
    return {name.lower(): value for name, value in (given or {}).items()}
