"""Secrets, whose `Ref` is their ARN; MiniStack's engine gives the name, and puts punctuation where none may be.

Source: AWS CloudFormation Template Reference, "AWS::SecretsManager::Secret" (return values) and
"GenerateSecretString".
"""

import string
from typing import Any

from ministack.services.cloudformation import provisioners

TYPE_NAME = "AWS::SecretsManager::Secret"

type Properties = dict[str, Any]


def handlers() -> dict[str, dict[str, Any]]:
    """Return the operations by the names that the engine knows."""
    own = provisioners._RESOURCE_HANDLERS[TYPE_NAME]

    def create(logical_id: str, properties: Properties, stack: str) -> tuple[str, Properties]:
        return _by_arn(own["create"](logical_id, _without_punctuation(properties), stack))

    def update(
        arn: str, old: Properties, new: Properties, stack: str, logical_id: str | None = None
    ) -> tuple[str, Properties]:
        old, new = _without_punctuation(old), _without_punctuation(new)
        return _by_arn(own["update"](_name(arn), old, new, stack, logical_id))

    def delete(arn: str, properties: Properties) -> None:
        own["delete"](_name(arn), properties)

    return {TYPE_NAME: {"create": create, "update": update, "update_with_logical_id": True, "delete": delete}}


def _by_arn(made: tuple[str, Properties]) -> tuple[str, Properties]:
    return made[1]["Arn"], made[1]


def _name(arn: str) -> str:
    secrets = provisioners._sm._secrets
    return next((str(name) for name, one in secrets.items() if one["ARN"] == arn), arn)


def _without_punctuation(properties: Properties) -> Properties:
    wanted = properties.get("GenerateSecretString", {})
    if str(wanted.get("ExcludePunctuation", "")).lower() != "true":
        return properties
    excluded = wanted.get("ExcludeCharacters", "") + string.punctuation
    return {**properties, "GenerateSecretString": {**wanted, "ExcludeCharacters": excluded}}
