"""What a stage gives its agent to think with, and nothing of the other brain."""

import json

import pytest

from runtime.settings.agent import RuntimeSettings
from runtime.settings.brains import CASCADE, SONIC
from tests.contract.test_environment import agent_environment
from tests.stacks.deployment import ELSEWHERE, Deployment, synthesise
from tests.stacks.test_runtime_stack import rights
from tests.stacks.test_wildcards import EVERYTHING

ASK, LISTEN, SPEAK = (
    "bedrock:InvokeModelWithResponseStream",
    "transcribe:StartStreamTranscriptionWebSocket",
    "polly:SynthesizeSpeech",
)


@pytest.fixture
def cascade() -> Deployment:
    return synthesise("coturn", EVERYTHING)


@pytest.fixture
def cascade_elsewhere() -> Deployment:
    return synthesise("prod", ELSEWHERE)


def settings_of(deployed: Deployment) -> RuntimeSettings:
    variables = agent_environment(deployed)
    settings = RuntimeSettings.from_environment(variables)
    assert variables == settings.to_environment()
    return settings


def test_a_cascade_may_ask_its_text_model_hear_and_speak(cascade: Deployment):
    """One model, by its exact ARN; the other two have no resource."""
    given = rights(cascade)

    assert given[ASK] == {'"arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0"'}
    assert given[LISTEN] == given[SPEAK] == {'"*"'}
    assert "bedrock:InvokeModel" not in given


def test_sonic_gets_no_right_of_the_cascade(dev: Deployment):
    """A right that nobody uses is an attacker's."""
    assert not {ASK, LISTEN, SPEAK} & set(rights(dev))


def test_elsewhere_the_model_is_asked_through_its_profile_alone(cascade_elsewhere: Deployment):
    """A right on the model in other Regions would let the agent ask there, past the profile."""
    statements = [
        statement for _, statement in cascade_elsewhere.statements("Runtime") if statement["Action"] == ASK
    ]
    through = [one["Condition"] for one in statements if "Condition" in one]
    models = [one["Resource"] for one in statements if "Condition" in one]

    assert len(statements) == 2
    assert list(through[0]["StringEquals"]) == ["bedrock:InferenceProfileArn"]
    assert models == [
        [
            f"arn:aws:bedrock:{region}::foundation-model/amazon.nova-lite-v1:0"
            for region in ("us-east-1", "us-east-2", "us-west-2")
        ]
    ]
    assert "inference-profile/us.amazon.nova-lite-v1:0" in json.dumps(statements)
    assert settings_of(cascade_elsewhere).model_id == "us.amazon.nova-lite-v1:0"


def test_the_agent_learns_its_brain(cascade: Deployment, dev: Deployment):
    """What the stack writes is what the agent reads, for either."""
    told = settings_of(cascade)

    assert (told.brain_kind, told.voice_id, told.speech_engine) == (CASCADE, "Joanna", "neural")
    assert (told.language, told.pause_seconds) == ("en-US", 0.3)
    assert settings_of(dev).brain_kind == SONIC


def test_a_cascade_reaches_transcribe_and_sonic_opens_no_port_for_it(cascade: Deployment, dev: Deployment):
    """Transcribe takes WebSockets on port 8443 alone."""
    assert ("tcp", 8443) in ways_out(cascade)
    assert ("tcp", 8443) not in ways_out(dev)


def ways_out(deployed: Deployment) -> set[tuple[str, int]]:
    (group,) = (
        one
        for one in deployed.resources("Network", "AWS::EC2::SecurityGroup")
        if "voice agent" in one["GroupDescription"]
    )
    return {(one["IpProtocol"], one["FromPort"]) for one in group["SecurityGroupEgress"]}
