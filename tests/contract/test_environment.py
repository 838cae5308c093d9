"""Both ends of the environment, held together: what the stacks write is what the programs read."""

import json
import re
from typing import Any

import pytest

from runtime.settings.agent import RuntimeSettings
from runtime.settings.door import DoorSettings
from runtime.settings.guests import INVITE_KEY, GuestSettings
from stacks.sections.turn import MOST_CHANNELS
from tests.stacks.deployment import STAGES, Deployment, synthesise
from turn.errors import TurnSettingsError
from turn.settings import KIND as TURN_KIND
from turn.settings import (
    CoturnSettings,
    ExternalTurnSettings,
    ManagedTurnSettings,
    TurnSettings,
    all_turn_settings_from,
    to_environment,
    turn_settings_from,
)

# "Quotas" of the AgentCore developer guide, October 2026: a code deployment on platform V2.
AGENT_ENVIRONMENT_BYTES = 1_500
# "Lambda quotas", Lambda developer guide.
LAMBDA_ENVIRONMENT_BYTES = 4_096

TURN = [
    ManagedTurnSettings(channel_arns=("arn:a", "arn:b"), stun_url="stun:stun.test:443"),
    CoturnSettings(addresses=("192.0.2.1",), realm="turn.test", secret_arn="arn:s"),
    ExternalTurnSettings(provider="twilio", secret_arn="arn:s"),
]


def agent_environment(deployed: Deployment) -> dict[str, str]:
    variables = deployed.the("Runtime", "AWS::BedrockAgentCore::Runtime")["EnvironmentVariables"]
    return {name: filled_in(value) for name, value in variables.items()}


def function_environments(deployed: Deployment) -> list[dict[str, str]]:
    functions = deployed.resources("Door", "AWS::Lambda::Function")
    environments = [one.get("Environment", {}).get("Variables", {}) for one in functions]
    return [{name: filled_in(value) for name, value in one.items()} for one in environments]


def filled_in(value: Any) -> str:
    """Stand in for CloudFormation: a reference becomes a text as long as the longest it can be."""
    if isinstance(value, str):
        return value
    ((function, argument),) = value.items()
    match function:
        case "Fn::Join":
            return argument[0].join(filled_in(one) for one in argument[1])
        case "Fn::GetStackOutput" if "Channel" in argument["OutputName"]:
            number = re.search(r"Channel(\d+)", argument["OutputName"])
            assert number
            return f"arn:aws:kinesisvideo:ap-northeast-1:123456789012:channel/hotline-embedded-{number[1][0]}/1795229871240"
        case _:
            # Names and ARNs that CloudFormation makes up: the stack's, the resource's, 13 characters.
            return "x" * 80


@pytest.mark.parametrize("turn", TURN, ids=lambda one: one.KIND)
def test_relay_settings_survive_the_environment(turn: TurnSettings):
    """Nothing is lost or reshaped between deployment and call."""
    assert turn_settings_from(turn.to_environment()) == turn


@pytest.mark.parametrize("turn", TURN, ids=lambda one: one.KIND)
def test_each_missing_relay_variable_is_named(turn: TurnSettings):
    """Whoever starts the agent by hand learns all that is missing at once."""
    variables = turn.to_environment()
    for name in set(variables) - {"HOTLINE_TURN_KIND", "HOTLINE_TURN_STUN_URL"}:
        with pytest.raises(TurnSettingsError, match=f"{name} is not set"):
            turn_settings_from({**variables, name: ""})


def test_relays_that_stand_in_keep_their_order():
    """Two of one kind may stand in for each other, and their variables must not mix."""
    sources = (*TURN, ExternalTurnSettings(provider="cloudflare", secret_arn="arn:t"))

    variables = to_environment(sources)

    assert all_turn_settings_from(variables) == sources
    assert turn_settings_from(variables) == sources[0]
    with pytest.raises(TurnSettingsError, match="HOTLINE_TURN_PROVIDER is not set"):
        all_turn_settings_from({**variables, "HOTLINE_TURN_FALLBACK_3_PROVIDER": ""})


def test_an_unknown_kind_of_relays_is_refused():
    """No relay is worse than a refusal: the call would connect and stay silent."""
    with pytest.raises(TurnSettingsError, match="HOTLINE_TURN_KIND is 'stun'"):
        turn_settings_from({"HOTLINE_TURN_KIND": "stun"})


@pytest.mark.parametrize("stage", STAGES)
def test_the_template_sets_every_variable_the_agent_reads(stage: str):
    """A renamed variable fails here, not in the first call after a deployment."""
    variables = agent_environment(synthesise(stage))

    settings = RuntimeSettings.from_environment(variables)

    assert settings.stage == stage
    assert variables == settings.to_environment()


@pytest.mark.parametrize("stage", STAGES)
def test_the_template_sets_every_variable_the_door_reads(stage: str):
    """As for the agent."""
    for variables in function_environments(synthesise(stage)):
        assert size(variables) <= LAMBDA_ENVIRONMENT_BYTES
        if TURN_KIND in variables:
            settings = DoorSettings.from_environment(variables)
            relays = to_environment(all_turn_settings_from(variables))
            guests = (
                GuestSettings.from_environment(variables).to_environment() if INVITE_KEY in variables else {}
            )
            assert settings.stage == stage
            assert variables == {**settings.to_environment(), **relays, **guests}


@pytest.mark.parametrize("stage", STAGES)
def test_only_the_embedded_cloud_redirects_calls(stage: str):
    """An endpoint in `prod` would send what callers say, and credentials, to another host."""
    variables = agent_environment(synthesise(stage))

    redirected = {name for name in variables if name.endswith("_URL")}
    assert bool(redirected) == (stage == "embedded")


def test_the_largest_pool_fits_into_the_doors_environment():
    """Lambda refuses a larger one when everything else has been deployed."""
    third_party = "arn:aws:secretsmanager:us-east-1:123456789012:secret:" + "x" * 64 + "-AbCdEf"
    turn = {
        "peak_new_sessions_per_second": 80,
        "peak_concurrent_calls": 333,
        "fallback": [
            {"kind": "coturn", "realm": "turn.some-division.a-company.example", "relays": 8},
            {"kind": "external", "provider": "cloudflare", "secret_arn": third_party},
        ],
    }
    deployed = synthesise("prod", json.dumps({"turn": turn}))
    (variables,) = (one for one in function_environments(deployed) if TURN_KIND in one)

    assert len(variables["HOTLINE_TURN_CHANNEL_ARNS"].split(",")) == MOST_CHANNELS
    assert size(variables) <= LAMBDA_ENVIRONMENT_BYTES


@pytest.mark.parametrize("stage", STAGES)
def test_the_agents_environment_is_small_enough(stage: str):
    """AgentCore refuses a larger one when everything else has been deployed."""
    assert size(agent_environment(synthesise(stage))) <= AGENT_ENVIRONMENT_BYTES


def size(variables: dict[str, str]) -> int:
    return sum(len(name) + len(value) for name, value in variables.items())
