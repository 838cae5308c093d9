"""AgentCore's control plane: MiniStack has the API, this joins it to CloudFormation."""

import json
from typing import Any

from ministack.services import bedrock_agentcore

from scripts.embedded.ministack.answers import body_of

type Properties = dict[str, Any]
type Created = tuple[str, dict[str, Any]]

_FREE_FORM = {"EnvironmentVariables", "Tags"}
"""Properties whose keys are the deployer's own words and keep their case."""


def handlers() -> dict[str, dict[str, Any]]:
    """Return the handlers by resource type."""
    return {
        "AWS::BedrockAgentCore::Runtime": {
            "create": _create_runtime,
            "update": _update_runtime,
            "delete": _delete_runtime,
        },
        "AWS::BedrockAgentCore::RuntimeEndpoint": {
            "create": _create_endpoint,
            "update": _update_endpoint,
            "delete": _delete_endpoint,
        },
    }


def _create_runtime(_logical_id: str, properties: Properties, _stack: str) -> Created:
    answer = body_of(bedrock_agentcore._create_agent_runtime(_request(properties)))
    return _describe_runtime(answer["agentRuntimeId"], properties)


def _update_runtime(physical_id: str, _old: Properties, new: Properties, _stack: str) -> Created:
    body_of(bedrock_agentcore._update_agent_runtime(physical_id, _request(new)))
    return _describe_runtime(physical_id, new)


def _delete_runtime(physical_id: str, _properties: Properties) -> None:
    bedrock_agentcore._delete_agent_runtime(physical_id)


def _describe_runtime(runtime_id: str, properties: Properties) -> Created:
    record = bedrock_agentcore._runtimes[runtime_id]
    # The API of this MiniStack does not know platform versions; the data plane reads the record.
    record["platformVersion"] = properties.get("PlatformVersion", "V1")
    return runtime_id, {
        "AgentRuntimeArn": record["agentRuntimeArn"],
        "AgentRuntimeId": runtime_id,
        "AgentRuntimeVersion": record["agentRuntimeVersion"],
        "CreatedAt": record["createdAt"],
        "LastUpdatedAt": record["lastUpdatedAt"],
        "Status": record["status"],
        "WorkloadIdentityDetails.WorkloadIdentityArn": record["workloadIdentityDetails"][
            "workloadIdentityArn"
        ],
    }


def _create_endpoint(_logical_id: str, properties: Properties, _stack: str) -> Created:
    runtime_id = properties["AgentRuntimeId"]
    body_of(bedrock_agentcore._create_agent_runtime_endpoint(runtime_id, _request(properties)))
    return _describe_endpoint(properties)


def _update_endpoint(_physical_id: str, _old: Properties, new: Properties, _stack: str) -> Created:
    body_of(
        bedrock_agentcore._update_agent_runtime_endpoint(new["AgentRuntimeId"], new["Name"], _request(new))
    )
    return _describe_endpoint(new)


def _delete_endpoint(_physical_id: str, properties: Properties) -> None:
    bedrock_agentcore._delete_agent_runtime_endpoint(properties["AgentRuntimeId"], properties["Name"])


def _describe_endpoint(properties: Properties) -> Created:
    record = bedrock_agentcore._endpoints[properties["AgentRuntimeId"]][properties["Name"]]
    return record["agentRuntimeEndpointArn"], {
        "AgentRuntimeArn": record["agentRuntimeArn"],
        "AgentRuntimeEndpointArn": record["agentRuntimeEndpointArn"],
        "CreatedAt": record["createdAt"],
        "Id": record["id"],
        "LastUpdatedAt": record["lastUpdatedAt"],
        "LiveVersion": record["liveVersion"],
        "Status": record["status"],
        "TargetVersion": record["targetVersion"],
    }


def _request(properties: Properties) -> bytes:
    """Turn CloudFormation's properties into the body that the AgentCore API takes."""
    body = {_first_low(name): _lowered(name, value) for name, value in properties.items() if name != "Tags"}
    protocol = body.get("protocolConfiguration")
    if isinstance(protocol, str):  # CloudFormation has the bare word, the API an object
        body["protocolConfiguration"] = {"serverProtocol": protocol}
    for name in ("idleRuntimeSessionTimeout", "maxLifetime"):
        if name in body.get("lifecycleConfiguration", {}):
            body["lifecycleConfiguration"][name] = int(body["lifecycleConfiguration"][name])
    return json.dumps(body).encode()


def _lowered(name: str, value: Any) -> Any:
    if name in _FREE_FORM:
        return value
    if isinstance(value, dict):
        return {_first_low(inner): _lowered(inner, one) for inner, one in value.items()}
    if isinstance(value, list):
        return [_lowered("", one) for one in value]
    return value


def _first_low(name: str) -> str:
    return name[:1].lower() + name[1:]
