"""HTTP APIs: IAM-authorised routes that refuse what AWS refuses, CORS, and an address that resolves.

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


def understand_cors_of_templates(resource_handlers: dict[str, dict[str, Any]]) -> None:
    """Let pages call that a template names: its `AllowOrigins` is the service's `allowOrigins`."""
    handlers = resource_handlers["AWS::ApiGatewayV2::Api"]

    def respell(operation: Any) -> Any:
        def provision(*arguments: Any) -> Any:
            return operation(*(_with_services_cors(one) for one in arguments))

        return provision

    for name in ("create", "update"):
        handlers[name] = respell(handlers[name])


def _with_services_cors(argument: Any) -> Any:
    """Return an argument of a handler; properties, of which an update has two, with their CORS respelled."""
    cors = argument.get("CorsConfiguration") if isinstance(argument, dict) else None
    if not cors:
        return argument
    respelled = {name[0].lower() + name[1:]: value for name, value in cors.items()}
    return {**argument, "CorsConfiguration": respelled}


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
