"""Calls from phones: what is deployed for them, what it may do, and what cannot be deployed."""

import json

import pytest

from runtime.settings.door import DoorSettings
from runtime.settings.telephony import TelephonySettings
from stacks.config import ConfigError
from tests.stacks.deployment import Deployment, synthesise
from tests.stacks.telephony import BRIDGE, BRIDGED, TELEPHONY, secret

ROUTE = "POST /telephony/{provider}"


def with_phones(**knobs) -> Deployment:
    return synthesise("dev", json.dumps({"telephony": TELEPHONY | knobs}))


@pytest.fixture(scope="module")
def phones() -> Deployment:
    return with_phones()


def entry(deployment: Deployment) -> dict:
    (found,) = [
        one
        for one in deployment.resources("Door", "AWS::Lambda::Function")
        if one["Handler"] == "runtime.door.telephony.handler.handle_telephony"
    ]
    return found


def rights(deployment: Deployment) -> dict[str, str]:
    """Every action of the function, with its resources as text."""
    found: dict[str, str] = {}
    for logical_id, statement in deployment.statements("Door"):
        if logical_id.startswith("TelephonyWebhooksRole") and statement["Effect"] == "Allow":
            actions = statement["Action"]
            for action in [actions] if isinstance(actions, str) else actions:
                found[action] = found.get(action, "") + json.dumps(statement["Resource"])
    return found


def test_a_stage_without_phones_has_nothing_of_them(dev):
    """No route, no function, no key: nothing to attack and nothing to pay."""
    template = json.dumps(dev.templates["Door"]).lower()

    assert [word for word in ("telephony", "webhook", "phone") if word in template] == []
    assert not [
        one for one in dev.resources("Monitoring", "AWS::CloudWatch::Alarm") if "Phone" in one["AlarmName"]
    ]


def test_the_route_is_open_and_throttled_by_itself(phones):
    """Providers sign and do not sign in; a flood of forged webhooks must not use up the other routes."""
    (route,) = [
        one for one in phones.resources("Door", "AWS::ApiGatewayV2::Route") if one["RouteKey"] == ROUTE
    ]
    settings = phones.the("Door", "AWS::ApiGatewayV2::Stage")["RouteSettings"]

    assert route["AuthorizationType"] == "NONE"
    assert settings[ROUTE] == {"ThrottlingRateLimit": 5, "ThrottlingBurstLimit": 10}


def test_the_function_may_take_calls_and_nothing_else(phones):
    """It is what anybody can reach: whoever takes it over gets its secrets, its sessions and its key's hashes."""
    allowed = rights(phones)

    assert allowed.keys() == {
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "bedrock-agentcore:InvokeAgentRuntime",
        "bedrock-agentcore:InvokeAgentRuntimeWithWebSocketStream",
        "bedrock-agentcore:StopRuntimeSession",
        "dynamodb:BatchGetItem",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
        "kms:GenerateMac",
        "secretsmanager:GetSecretValue",
    }
    secrets = json.loads(allowed["secretsmanager:GetSecretValue"])
    assert set(secrets) == {secret(provider) for provider in ("vonage", "telnyx", "plivo")}
    assert '"*"' not in "".join(allowed.values())


def test_nobody_else_may_read_the_providers_secrets_or_hash_numbers(phones):
    """Least of all the door, which serves everybody."""
    others = [
        (logical_id, json.dumps(statement))
        for stack in ("Network", "Turn", "Runtime", "Door", "Monitoring")
        for logical_id, statement in phones.statements(stack)
        if not logical_id.startswith("TelephonyWebhooks")
    ]

    assert [one for one, text in others if "secret:hotline/" in text or "GenerateMac" in text] == []


def test_the_function_reads_what_the_stack_writes(phones):
    """A renamed variable must fail here, not when somebody calls."""
    variables = {name: str(value) for name, value in entry(phones)["Environment"]["Variables"].items()}

    settings = TelephonySettings.from_environment(variables)
    assert DoorSettings.from_environment(variables).stage == "dev"
    assert settings.lines["telnyx"].numbers == ("+14155550124", "+442079460000")
    assert settings.lines["plivo"].secret_arn == secret("plivo")
    assert settings.caller_countries == "US GB"
    assert len(json.dumps(variables)) < 4_096  # of Lambda's whole environment


def test_as_many_numbers_as_may_be_named_fit():
    """Lambda refuses an environment above 4 KB, after minutes of deploying."""
    lines = {
        name: {"secret_arn": secret("x" * 100), "numbers": [f"+{name}{number:013}" for number in range(15)]}
        for name in ("10", "11", "12", "14")
    }
    named = dict(zip(("twilio", "vonage", "telnyx", "plivo"), lines.values(), strict=True))
    callers = [f"+13{number:013}" for number in range(20)]

    full = entry(with_phones(**named, caller_numbers=callers, bridge=BRIDGE))["Environment"]["Variables"]

    assert len(json.dumps({name: str(value) for name, value in full.items()})) < 4_096


def test_providers_are_told_the_apis_own_address_or_yours(phones):
    """Twilio and Plivo sign it, so what the function believes and what deployers read must be one."""
    named = with_phones(public_url="https://phones.corp.example")

    own = json.dumps(entry(phones)["Environment"]["Variables"]["HOTLINE_PUBLIC_URL"])
    assert "ApiEndpoint" in own
    assert "ApiEndpoint" in json.dumps(phones.templates["Door"]["Outputs"]["TelephonyUrl"]["Value"])
    assert entry(named)["Environment"]["Variables"]["HOTLINE_PUBLIC_URL"] == "https://phones.corp.example"
    output = named.templates["Door"]["Outputs"]["TelephonyUrl"]["Value"]
    assert output == "https://phones.corp.example/telephony/"


def test_the_key_that_hides_numbers_never_leaves_kms(phones):
    """There are so few numbers that whoever had it could undo every hash."""
    key = phones.the("Door", "AWS::KMS::Key")

    assert (key["KeySpec"], key["KeyUsage"]) == ("HMAC_256", "GENERATE_VERIFY_MAC")


def test_its_packages_are_its_own(phones):
    """Every other function's cold start would fetch what it never imports."""
    layers = {
        one["Handler"]: len(one.get("Layers", ()))
        for one in phones.resources("Door", "AWS::Lambda::Function")
    }

    assert layers["runtime.door.telephony.handler.handle_telephony"] == 2
    assert layers["runtime.door.handlers.handle_request"] == 1


def test_somebody_is_woken_when_phone_calls_fail(phones):
    """The caller gets an apology and the provider a good answer, so no error rate tells of it."""
    names = {one["AlarmName"] for one in phones.resources("Monitoring", "AWS::CloudWatch::Alarm")}

    assert names >= {
        f"Hotline-dev-{name}" for name in ("PhoneCallsFailing", "WebhooksRefused", "PhonesThrottled")
    }


def test_twilios_streams_go_to_the_bridge():
    """Its function must know the way that its documents name."""
    variables = entry(synthesise("dev", json.dumps({"telephony": BRIDGED})))["Environment"]["Variables"]

    assert variables["HOTLINE_BRIDGE_URL"] == "wss://phones.corp.example/stream"


def test_nag_has_nothing_to_say(phones):
    """The one open route is acknowledged where it is, with its reason."""
    assert "AwsSolutions-APIG4" in json.dumps(phones.findings)  # acknowledged, so that the test sees it
    reports = phones.findings["pluginReports"]
    assert [one for report in reports for one in report["violations"]] == []


@pytest.mark.parametrize(
    ("knobs", "fault"),
    [
        ({"caller_countries": []}, "caller_countries"),
        ({"caller_countries": ["UK"]}, "is no country with telephone numbers"),
        ({"caller_countries": ["us"]}, "is no country with telephone numbers"),
        ({"caller_numbers": ["14155550123"]}, "caller_numbers.0"),
        ({"vonage": None, "telnyx": None, "plivo": None}, "names no provider"),
        ({"plivo": {"secret_arn": secret("plivo"), "numbers": []}}, "plivo.numbers"),
        ({"plivo": {"secret_arn": "hotline/plivo", "numbers": ["+14155550125"]}}, "plivo.secret_arn"),
        (
            {
                "plivo": {
                    "secret_arn": secret("plivo").replace("us-east-1", "eu-west-1"),
                    "numbers": ["+14155550125"],
                }
            },
            "another Region",
        ),
        ({"concurrency": 16}, "exceeds door.concurrency"),
        ({"concurrency": 1, "concurrency_per_number": 2}, "could never act"),
        ({"concurrency": 0}, "telephony.concurrency"),
        ({"public_url": "http://phones.corp.example"}, "public_url"),
        ({"public_url": "https://phones.corp.example/"}, "public_url"),
        (
            {"caller_numbers": [f"+1415555{number:04}" for number in range(100)]},
            "fit into the function's environment",
        ),
        ({"replay_seconds": 86_400}, "replay_seconds"),
        ({"twilio": TELEPHONY["plivo"]}, "add bridge"),
        ({"bridge": BRIDGE}, "nobody streams over"),
    ],
)
def test_what_cannot_work_is_refused_in_words(knobs, fault):
    """At synth, before anything is half made."""
    with pytest.raises(ConfigError, match=fault):
        with_phones(**knobs)
