"""JWT authorizers that refuse what AWS's refuse.

MiniStack verifies an RS256 signature, issuer, audience, scopes and times.  It does not look at the algorithm
that a token names, takes one without `exp` for one that never expires, and stumbles (500) over a header or
claims of another shape than it expects.

Source: "Control access to HTTP APIs with JWT authorizers", API Gateway developer guide: RSA's algorithms only,
`exp` after the current time.
"""

import math
from typing import Any

import jwt
from ministack.services import apigateway

from scripts.embedded.issuer.tokens import ALGORITHM

_TIMES = ("exp", "nbf", "iat")


def refuse_odd_tokens() -> None:
    """Look at the form of each token before MiniStack looks at the rest."""
    validate = apigateway._validate_jwt_authorizer

    async def strict(
        route: dict[str, Any], authorizer: dict[str, Any], headers: dict[str, str], query: dict[str, Any]
    ) -> Any:
        sources = authorizer.get("identitySource", [])
        token = apigateway._extract_token_from_identity_source(sources, headers, query)
        if not token or not _is_well_formed(token):
            return None, None, apigateway._jwt_unauthorized()
        return await validate(route, authorizer, headers, query)

    apigateway._validate_jwt_authorizer = strict


def _is_well_formed(token: str) -> bool:
    """Say whether *token* is signed as it says, and good for a time that it says; not whether that is true."""
    try:
        read = jwt.decode_complete(token, options={"verify_signature": False})
    except (jwt.InvalidTokenError, ValueError):
        return False
    claims = read["payload"]
    told = {name: claims[name] for name in _TIMES if name in claims}
    return read["header"].get("alg") == ALGORITHM and "exp" in told and all(map(_is_moment, told.values()))


def _is_moment(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
