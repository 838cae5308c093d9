import json

import pytest

from runtime.settings.door import DoorSettings
from tests.stacks.deployment import STAGES, Deployment, synthesise
from tests.stacks.test_turn_stack import EXTERNAL

PAGE = {"GET /", "GET /page/config.json", "GET /page/{version}/{file}"}
SESSIONS = {
    "POST /sessions",
    "GET /sessions/{id}",
    "DELETE /sessions/{id}",
    "POST /sessions/{id}/offer",
    "PATCH /sessions/{id}/offer",
    "POST /sessions/{id}/relays",
    "POST /sessions/{id}/stats",
}
LEDGER = {"dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"}


def rights(deployment: Deployment, role: str) -> dict[str, list]:
    """Every action that the role whose policy's logical id begins with *role* has, with its resources."""
    found: dict[str, list] = {}
    for logical_id, statement in deployment.statements("Door"):
        if logical_id.startswith(role) and statement["Effect"] == "Allow":
            actions, resources = statement["Action"], statement["Resource"]
            for action in [actions] if isinstance(actions, str) else actions:
                found[action] = resources if isinstance(resources, list) else [resources]
    return found


def function(deployment: Deployment, handler: str) -> dict:
    (found,) = [
        one
        for one in deployment.resources("Door", "AWS::Lambda::Function")
        if one["Handler"] == f"runtime.door.handlers.{handler}"
    ]
    return found


def test_every_route_asks_who_is_there(shipped):
    """A route without an authorizer is open to the internet; the page's files are meant to be."""
    routes = shipped.resources("Door", "AWS::ApiGatewayV2::Route")
    kinds = {route["RouteKey"]: route["AuthorizationType"] for route in routes}

    assert {key for key, kind in kinds.items() if kind == "NONE"} == PAGE
    assert {key: kind for key, kind in kinds.items() if " /sessions" in key} == dict.fromkeys(SESSIONS, "JWT")
    assert {kind for key, kind in kinds.items() if key not in PAGE | SESSIONS} <= {"JWT", "CUSTOM"}


def test_the_api_has_the_name_of_its_stage(shipped):
    """The console lists the APIs of every stage by their names."""
    assert shipped.the("Door", "AWS::ApiGatewayV2::Api")["Name"] == f"Hotline-{shipped.stage}-Door"


def test_the_api_is_throttled_as_configured(turned):
    """The one limit that holds before any code of ours runs."""
    settings = turned.the("Door", "AWS::ApiGatewayV2::Stage")["DefaultRouteSettings"]
    assert settings == {"ThrottlingBurstLimit": 9, "ThrottlingRateLimit": 7}


def test_no_web_page_may_call_the_api_unless_it_is_named(turned, dev):
    """A wildcard origin would let any page use the credentials of whoever opens it."""
    assert "CorsConfiguration" not in dev.the("Door", "AWS::ApiGatewayV2::Api")
    cors = turned.the("Door", "AWS::ApiGatewayV2::Api")["CorsConfiguration"]
    assert cors["AllowOrigins"] == ["https://calls.corp.example"]
    assert "AllowCredentials" not in cors
    routes = turned.resources("Door", "AWS::ApiGatewayV2::Route")
    assert set(cors["AllowMethods"]) == {one["RouteKey"].split()[0] for one in routes}


def test_the_access_log_takes_no_place_in_the_accounts_policy(shipped):
    """One policy names every group that AWS delivers logs to, and its size is limited: the last stage would not deploy."""
    (stage,) = shipped.resources("Door", "AWS::ApiGatewayV2::Stage")
    group, _ = stage["AccessLogSettings"]["DestinationArn"]["Fn::GetAtt"]
    name = shipped.templates["Door"]["Resources"][group]["Properties"]["LogGroupName"]

    assert name == f"/aws/vendedlogs/Hotline-{shipped.stage}-Door/access"


def test_the_access_log_holds_no_caller_and_no_query(dev):
    """Logs are kept for longer, and read by more people, than a session is anybody's business."""
    logged = json.loads(dev.the("Door", "AWS::ApiGatewayV2::Stage")["AccessLogSettings"]["Format"])

    fields = set(logged.values())
    assert "$context.requestId" in fields
    told = ("identity", "authorizer", "querystring", "path", "sourceIp")
    assert [one for one in fields if any(word.lower() in one.lower() for word in told)] == []


def test_the_door_may_do_what_its_calls_need_and_no_more(dev):
    """Whoever takes over this function gets one runtime's sessions and three verbs on one table."""
    allowed = rights(dev, "RequestsRole")

    assert allowed.keys() == LEDGER | {
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "bedrock-agentcore:InvokeAgentRuntime",
        "bedrock-agentcore:InvokeAgentRuntimeWithWebSocketStream",
        "bedrock-agentcore:StopRuntimeSession",
        "kinesisvideo:GetSignalingChannelEndpoint",
        "kinesisvideo:GetIceServerConfig",
    }
    for action in ("InvokeAgentRuntime", "InvokeAgentRuntimeWithWebSocketStream", "StopRuntimeSession"):
        endpoint, runtime = sorted(map(json.dumps, allowed[f"bedrock-agentcore:{action}"]))
        assert "AgentRuntimeArn" in runtime
        assert "AgentRuntimeEndpointArn" in endpoint


@pytest.mark.parametrize(
    ("stage", "overrides", "issuing"),
    [
        ("prod", "", {"kinesisvideo:GetSignalingChannelEndpoint", "kinesisvideo:GetIceServerConfig"}),
        ("coturn", "", {"secretsmanager:GetSecretValue", "kms:Decrypt"}),
        ("dev", EXTERNAL, {"secretsmanager:GetSecretValue"}),
    ],
)
def test_the_door_may_issue_relay_credentials_of_the_stages_kind(stage, overrides, issuing):
    """It issues them for both ends of a call; without the right, no browser would ever hear the agent."""
    allowed = rights(synthesise(stage, overrides), "RequestsRole")

    assert {one for one in allowed if one.startswith(("kinesisvideo:", "secretsmanager:", "kms:"))} == issuing
    assert [one for action in issuing for one in allowed[action] if one == "*"] == []


def test_the_door_knows_the_relays_and_its_reaper_does_not(dev):
    """The reaper has no use for them: whoever takes it over learns nothing."""
    door = function(dev, "handle_request")["Environment"]["Variables"]
    reaper = function(dev, "handle_schedule")["Environment"]["Variables"]

    relays = {name: value for name, value in door.items() if name.startswith("HOTLINE_TURN_")}
    assert relays
    assert door == {**reaper, **relays}
    assert reaper.keys().isdisjoint(relays)


def test_what_paths_a_browser_may_take_is_a_knob(turned, prod):
    """Relay-only hides callers' addresses; whoever deploys decides."""
    chosen, shipped = (
        function(one, "handle_request")["Environment"]["Variables"]["HOTLINE_CALLER_POLICY"]
        for one in (turned, prod)
    )

    assert (chosen, shipped) == ("all", "relay")


def test_the_reaper_may_end_sessions_and_open_none(dev):
    """It has no caller to answer, so it needs no way in and no new rows."""
    assert rights(dev, "ReaperRole").keys() == (LEDGER - {"dynamodb:PutItem"}) | {
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "bedrock-agentcore:StopRuntimeSession",
        "sqs:SendMessage",
    }


def test_no_right_of_the_door_is_a_wildcard(shipped):
    """Nothing that the door does needs one, so there is none to explain."""
    allowed = [one for _, one in shipped.statements("Door") if one["Effect"] == "Allow"]

    assert len(allowed) >= 5
    assert [one for one in allowed if "*" in json.dumps([one["Action"], one["Resource"]])] == []


def test_the_reaper_runs_every_minute_and_its_failures_are_kept(dev):
    """A minute bounds what a lost call can cost beyond its limits."""
    schedule = dev.the("Door", "AWS::Scheduler::Schedule")
    reaper = function(dev, "handle_schedule")

    assert schedule["ScheduleExpression"] == "rate(1 minute)"
    assert schedule["Target"]["DeadLetterConfig"]["Arn"] == reaper["DeadLetterConfig"]["TargetArn"]
    assert schedule["Target"]["RetryPolicy"]["MaximumRetryAttempts"] == 0


def test_the_schedule_waits_for_its_rights(dev):
    """Scheduler checks them when it is created; too early, and the deployment fails at random."""
    (schedule,) = dev.whole("Door", "AWS::Scheduler::Schedule")

    assert any("DefaultPolicy" in one for one in schedule["DependsOn"])


def test_functions_run_on_graviton_with_logs_that_end(shipped):
    """Cheaper than x86, and no log group that AWS makes by itself and keeps for ever."""
    functions = shipped.resources("Door", "AWS::Lambda::Function")
    groups = shipped.resources("Door", "AWS::Logs::LogGroup")

    assert {"handle_request", "handle_schedule"} <= {one["Handler"].split(".")[-1] for one in functions}
    assert all(one["Architectures"] == ["arm64"] for one in functions)
    assert all("Ref" in one["LoggingConfig"]["LogGroup"] for one in functions)
    assert len(groups) == len(functions) + 1  # the API's own
    assert all(one["RetentionInDays"] for one in groups)


def test_a_reservation_is_made_only_where_the_account_can_bear_it(dev, prod):
    """A new account's whole quota is ten: any reservation would fail its first deployment."""
    assert "ReservedConcurrentExecutions" not in function(dev, "handle_request")
    assert function(prod, "handle_request")["ReservedConcurrentExecutions"] == 20
    assert function(prod, "handle_schedule")["ReservedConcurrentExecutions"] == 1


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("handler", ["handle_request", "handle_schedule"])
def test_the_functions_read_what_the_stack_writes(stage, handler):
    """A renamed variable fails here, not at the first caller's request."""
    variables = function(synthesise(stage), handler)["Environment"]["Variables"]
    # What CloudFormation fills in is text by the time that a function reads it.
    settings = DoorSettings.from_environment({name: str(value) for name, value in variables.items()})

    assert settings.stage == stage
    assert settings.call_seconds == 900
    assert settings.agentcore_url == ("http://localhost:4568" if stage == "embedded" else "")
