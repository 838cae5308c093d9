"""HTTP APIs: IAM-authorised routes that refuse what AWS refuses, and an address that resolves.

MiniStack verifies the signature of a request that carries one, but takes an `Authorization` header of
another kind for a caller without a name and lets it through.
"""

import json
from typing import Any

import ministack.app

_SIGNATURE = "AWS4-HMAC-SHA256 "


def refuse_unsigned_calls() -> None:
    """Make every route with IAM authorisation ask for a SigV4 signature."""
    enforce = ministack.app._enforce_execute_api

    def strict(
        api_id: str, stage: str, method: str, path: str, headers: dict[str, str], *rest: Any, **named: Any
    ) -> Any:
        authorization = ministack.app._execute_api_authorization_type(api_id, stage, method, path)
        if authorization == "AWS_IAM" and not headers.get("authorization", "").startswith(_SIGNATURE):
            return 403, {"Content-Type": "application/json"}, json.dumps({"message": "Forbidden"}).encode()
        return enforce(api_id, stage, method, path, headers, *rest, **named)

    ministack.app._enforce_execute_api = strict


def give_resolvable_addresses(resource_handlers: dict[str, dict[str, Any]], url: str) -> None:
    """Let `ApiEndpoint` be a path below *url*: `<id>.execute-api.localhost` resolves in browsers only."""
    handlers = resource_handlers["AWS::ApiGatewayV2::Api"]

    def readdress(operation: Any) -> Any:
        def provision(*arguments: Any) -> tuple[str, dict[str, Any]]:
            api_id, attributes = operation(*arguments)
            return api_id, {**attributes, "ApiEndpoint": f"{url}/_aws/execute-api/{api_id}"}

        return provision

    for name in ("create", "update"):
        handlers[name] = readdress(handlers[name])
