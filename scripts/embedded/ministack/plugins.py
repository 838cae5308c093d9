"""What the embedded cloud adds to MiniStack, put in place by one call before it serves."""

from collections.abc import Callable
from typing import Any

import ministack.app
from ministack.core import iam_evaluator, router
from ministack.services.cloudformation import provisioners

from scripts.embedded.ministack import (
    agent_runtime,
    budgets,
    distribution,
    embedded_metrics,
    http_api,
    instance_profile,
    jwt_authorizer,
    leading_keys,
    log_streams,
    math_alarms,
    network,
    output_changes,
    runbooks,
    secret,
    signaling,
    stack_tags,
    table_import,
    throttle,
)
from scripts.embedded.ministack.recorded import RECORDED_TYPES, Recorder
from scripts.embedded.ministack.refusals import refusals
from scripts.embedded.ministack.schema import schema_of

_PLUGINS = (agent_runtime, budgets, instance_profile, network, runbooks, secret, signaling, table_import)

_ENGINES_TAGS = "aws:cloudformation:"


def install(url: str, relay: signaling.ManagedRelay) -> None:
    """Teach MiniStack the missing resource types and services, and close its doors.

    Args:
        url: Where this MiniStack is reached.
        relay: What signaling channels issue credentials for.
    """
    handlers = provisioners._RESOURCE_HANDLERS
    added = {kind.type_name: Recorder(kind).handlers() for kind in RECORDED_TYPES}
    for plugin in _PLUGINS:
        added |= plugin.handlers()
    for type_name, operations in added.items():
        handlers[type_name] = operations
        _replace_on_create_only(type_name)
    math_alarms.record_math_alarms(handlers)
    http_api.understand_cors_of_templates(handlers)
    for type_name in handlers:
        _check_against_schema(handlers[type_name], type_name)
    http_api.refuse_unsigned_calls()
    jwt_authorizer.refuse_odd_tokens()
    throttle.throttle_routes()
    log_streams.authorize_by_stream()
    leading_keys.judge_by_leading_keys()
    embedded_metrics.extract_from_every_log()
    stack_tags.inherit_on_instances()
    output_changes.execute_output_changes()
    http_api.give_resolvable_addresses(handlers, url)
    distribution.serve_apis_as_origins()
    signaling.authorize_by_channel()
    _add_service(signaling.SERVICE, signaling.SignalingService(url, relay).handle)
    _verify_every_key()
    _take_loopback_for_tls()


def _replace_on_create_only(type_name: str) -> None:
    """Have the engine replace a resource whose create-only property changed."""
    schema = schema_of(type_name)
    if schema is not None:
        provisioners._REPLACING_PROPERTIES[type_name] = schema.create_only


def _check_against_schema(operations: dict[str, Any], type_name: str) -> None:
    """Refuse properties that CloudFormation or the service would refuse, before anything is created."""
    if "create" in operations:
        create = operations["create"]

        def checked_create(logical_id: str, properties: dict[str, Any], *rest: Any) -> Any:
            _refuse_faults(type_name, logical_id, properties)
            return create(logical_id, properties, *rest)

        operations["create"] = checked_create
    if "update" in operations:
        update = operations["update"]

        def checked_update(physical_id: str, old: dict[str, Any], new: dict[str, Any], *rest: Any) -> Any:
            _refuse_faults(type_name, physical_id, new)
            return update(physical_id, old, new, *rest)

        operations["update"] = checked_update


def _refuse_faults(type_name: str, name: str, properties: dict[str, Any]) -> None:
    schema = schema_of(type_name)
    faults = schema.faults(_as_written(properties)) if schema else []
    faults += refusals(type_name, properties)
    if faults:
        raise ValueError(
            f"Properties validation failed for resource {name} ({type_name}): {'; '.join(faults)}."
        )


def _as_written(properties: dict[str, Any]) -> dict[str, Any]:
    """Return the properties of the template, without the tags that the engine has added to them."""
    tags = properties.get("Tags")
    if not isinstance(tags, list):
        return properties
    return {**properties, "Tags": [one for one in tags if not one["Key"].startswith(_ENGINES_TAGS)]}


def _add_service(name: str, handler: Callable[..., Any]) -> None:
    ministack.app.SERVICE_HANDLERS[name] = handler
    router.SERVICE_PATTERNS[name] = {"host_patterns": [rf"{name}\."], "credential_scope": name}


def _verify_every_key() -> None:
    """Take away the keys that MiniStack believes without a signature (`test`, any 12 digits).

    The empty key stays: it is how MiniStack's own services call one another, and no request from
    outside arrives under it.
    """

    def is_internal(access_key_id: str) -> bool:
        return not access_key_id

    iam_evaluator.is_root_access_key = is_internal


def _take_loopback_for_tls() -> None:
    """Let `aws:SecureTransport` be true: bucket policies deny cleartext, and here loopback stands for TLS."""
    pin = ministack.app.pin_request_origin
    ministack.app.pin_request_origin = lambda address, _secure: pin(address, True)
