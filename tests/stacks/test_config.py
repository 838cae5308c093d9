import copy
import json
from collections.abc import Mapping
from typing import Any, get_args

import pytest
from aws_cdk import App, Stack
from aws_cdk.assertions import Template
from pydantic import ValidationError

from stacks.config import ConfigError, DeploymentConfig, ManagedTurnConfig
from stacks.parts.log_keeping import LogKeeping
from stacks.reserved_domains import is_unreachable
from stacks.sections.section import RetentionDays
from stacks.sections.turn import MOST_CHANNELS
from tests.stacks.deployment import CONTEXT, STAGES


def stage_with(**sections: Any) -> dict[str, Any]:
    """Return a table with one stage `mine`: the shipped `prod`, with keys of sections replaced."""
    mine = copy.deepcopy(CONTEXT["stages"]["prod"])
    for name, value in sections.items():
        if isinstance(value, Mapping) and isinstance(mine.get(name), dict):
            mine[name] |= value
        else:
            mine[name] = value
    return {"mine": mine}


def faults_of(stages: dict[str, Any], overrides: str = "") -> str:
    with pytest.raises(ConfigError) as caught:
        DeploymentConfig.for_stage("mine", stages, overrides)
    return str(caught.value)


@pytest.mark.parametrize("stage", STAGES)
def test_every_shipped_stage_is_valid(stage: str):
    """Whoever clones the repository can synthesise before editing anything."""
    assert DeploymentConfig.for_stage(stage, CONTEXT["stages"]).stage == stage


@pytest.mark.parametrize("stage", STAGES)
def test_no_shipped_stage_pages_a_stranger(stage: str):
    """An address that we made up could be somebody's."""
    config = DeploymentConfig.for_stage(stage, CONTEXT["stages"])

    assert is_unreachable(config.monitoring.alarm_email)
    assert is_unreachable(config.billing.alarm_email)


def test_an_unknown_stage_is_answered_with_the_known_ones():
    """A typing error in `-c stage=` must not deploy another stage."""
    with pytest.raises(ConfigError, match=r"no stage 'prd'.*stages: coturn, dev, embedded, prod"):
        DeploymentConfig.for_stage("prd", CONTEXT["stages"])


def test_every_fault_is_named_at_once():
    """A deployer corrects a stage once, not once for each mistake."""
    said = faults_of(
        stage_with(
            region="eu-central-1",
            network={"cidr": "8.8.0.0/16", "nat_gatways": "one"},
            turn={"kind": "coturn"},
            runtime={"call_seconds": 5},
            door={"concurrency": 0},
            monitoring={"alarm_email": "nobody"},
            billing={"monthly_budget_usd": "10"},
            regoin="x",
        )
        | {"other": {}}
    )

    for place in (
        "mine.region: Nova Sonic and AgentCore platform V2 are not both offered there",
        "mine.network.cidr: is a public range",
        "mine.network.nat_gatways: is no such knob; did you mean 'nat_gateways'?",
        "mine.turn.realm: is required and missing",
        "mine.turn.peak_concurrent_calls: is no such knob",
        "mine.runtime.call_seconds: ",
        "mine.door.concurrency: ",
        "mine.monitoring.alarm_email: is no e-mail address",
        "mine.billing.monthly_budget_usd: ",
        "mine.regoin: is no such knob; did you mean 'region'?",
    ):
        assert f"stages.{place}" in said


@pytest.mark.parametrize("section", ["monitoring", "billing"])
def test_an_email_for_alarms_is_required(section: str):
    """A deployment whose alarms reach nobody is not watched."""
    stages = stage_with()
    del stages["mine"][section]["alarm_email"]

    assert f"stages.mine.{section}.alarm_email: is required and missing" in faults_of(stages)


@pytest.mark.parametrize(
    ("zone_ids", "said"),
    [
        (["use1-az1", "use1-az3"], "AgentCore does not run in use1-az3; choose from use1-az1"),
        (["us-east-1a", "us-east-1b"], "does not run in us-east-1a, us-east-1b"),
        (["usw2-az1", "usw2-az2"], "does not run in usw2-az1, usw2-az2"),
        (["use1-az1"], "at least two different zones"),
        (["use1-az1", "use1-az1"], "at least two different zones"),
    ],
)
def test_impossible_zones_are_refused(zone_ids: list[str], said: str):
    """AgentCore would refuse the subnets after the network has been paid for and waited for."""
    assert said in faults_of(stage_with(network={"availability_zone_ids": zone_ids}))


def test_zones_default_to_two_that_agentcore_supports_in_the_region():
    """Nobody should have to look up zone ids to begin."""
    config = DeploymentConfig.for_stage("mine", stage_with(region="us-west-2"))

    assert config.network.availability_zone_ids == ("usw2-az1", "usw2-az2")


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"network": {"cidr": "10.0.0.0/24"}}, "must be /16 to /21"),
        ({"network": {"cidr": "10.0.0.1/16"}}, "has host bits set"),
        ({"runtime": {"idle_seconds": 600, "call_seconds": 300}}, "shorter than idle_seconds (600)"),
        (
            {"runtime": {"brain": {"kind": "sonic", "model_id": "amazon.nova-sonic-v1:0"}}},
            "runtime.brain.model_id: ",
        ),
        ({"runtime": {"brain": {"kind": "cascade", "language": "de-DE"}}}, "choose from Vicki, Daniel"),
        (
            {"region": "ap-northeast-1", "runtime": {"brain": {"kind": "cascade"}}},
            "not known to be reachable from ap-northeast-1",
        ),
        ({"runtime": {"idle_seconds": 59}}, "stages.mine.runtime.idle_seconds: "),
        ({"door": {"allowed_origins": ["https://*"]}}, "stages.mine.door.allowed_origins.0: "),
        ({"turn": {"peak_concurrent_calls": 334}}, "need 21 signaling channels"),
        ({"endpoints": {"services": "http://192.0.2.1:1"}}, "stages.mine.endpoints.services: "),
    ],
)
def test_values_that_cannot_work_are_refused_where_they_stand(section: dict[str, Any], said: str):
    """Every one of these would deploy, or half deploy, and fail on the first call."""
    assert said in faults_of(stage_with(**section))


def test_the_door_lets_in_no_more_calls_than_the_relays_carry():
    """Two knobs of two people: the calls beyond would connect and stay silent."""
    said = faults_of(stage_with(door={"concurrency": 101}))

    assert "stages.mine.door: concurrency (101) exceeds turn.peak_concurrent_calls (100)" in said


def test_a_third_partys_key_must_be_in_the_region():
    """Secrets Manager answers for its own Region only."""
    stages = stage_with()
    stages["mine"]["turn"] = {
        "kind": "external",
        "provider": "twilio",
        "secret_arn": "arn:aws:secretsmanager:us-west-2:123456789012:secret:relays-AbCdEf",
    }

    assert "is in another Region than the stage (us-east-1)" in faults_of(stages)


def test_relay_ports_must_hold_the_calls_of_a_relay():
    """A range that is too narrow refuses allocations only under load."""
    turn = {"kind": "coturn", "realm": "turn.test", "relay_ports_last": 49_500}
    stages = stage_with()
    stages["mine"]["turn"] = turn

    assert "leaves 349 ports from 49152 on" in faults_of(stages)


@pytest.mark.parametrize(
    ("rate", "calls", "allocations", "channels"),
    [
        (0.1, 1, 1, 1),
        (4, 1, 1, 1),
        (4.1, 1, 1, 2),
        (1, 25, 2, 1),
        (1, 26, 2, 2),
        (1, 50, 1, 1),
        (80, 400, 2, MOST_CHANNELS),
    ],
)
def test_the_pool_has_as_many_channels_as_the_tighter_limit_needs(
    rate: float, calls: int, allocations: int, channels: int
):
    """4 of 5 issues per second are planned, and 50 allocations per channel are the most there are."""
    config = ManagedTurnConfig(
        kind="managed",
        peak_new_sessions_per_second=rate,
        peak_concurrent_calls=calls,
        allocations_per_call=allocations,
    )

    assert config.channels == channels


def test_relays_that_stand_in_are_checked_like_the_preferred_ones():
    """A fallback is needed when nobody has time for a typing error."""
    stages = stage_with()
    stages["mine"]["turn"]["fallback"] = [{"kind": "coturn", "realm": "turn.test", "relay": 2}]

    assert "turn.fallback.0.relay: is no such knob" in faults_of(stages)


def test_a_stage_has_one_pool_and_one_group_of_relays():
    """Two of a kind would be one resource under two names."""
    stages = stage_with()
    pool = {"kind": "managed"}
    stages["mine"]["turn"]["fallback"] = [pool]
    assert "has kind managed twice" in faults_of(stages)

    keys = [f"arn:aws:secretsmanager:us-east-1:123456789012:secret:{name}-AbCdEf" for name in "ab"]
    third_parties = [{"kind": "external", "provider": "static", "secret_arn": key} for key in keys]
    stages["mine"]["turn"]["fallback"] = third_parties
    stages["mine"]["region"] = "us-east-1"
    turn = DeploymentConfig.for_stage("mine", stages).turn
    assert [one.kind for one in turn.fallback] == ["external", "external"]


def test_a_fallback_has_no_fallback_of_its_own():
    """The order of asking is one list."""
    stages = stage_with()
    nested = {"kind": "coturn", "realm": "turn.test", "fallback": []}
    stages["mine"]["turn"]["fallback"] = [nested]

    assert "turn.fallback.0.fallback: is no such knob" in faults_of(stages)


def test_overrides_are_merged_deeply():
    """Other ports for the embedded cloud must not cost the rest of the section."""
    overrides = json.dumps({"runtime": {"call_seconds": 120}, "region": "us-west-2"})

    config = DeploymentConfig.for_stage("mine", stage_with(runtime={"idle_seconds": 70}), overrides)

    assert (config.runtime.call_seconds, config.runtime.idle_seconds) == (120, 70)
    assert config.network.availability_zone_ids[0].startswith("usw2-")


def test_another_kind_starts_from_nothing():
    """The peaks of managed relays mean nothing to coturn, and would be refused there."""
    overrides = '{"turn": {"kind": "coturn", "realm": "turn.test"}}'

    config = DeploymentConfig.for_stage("mine", stage_with(), overrides)

    assert config.turn.kind == "coturn"


def test_overrides_are_checked_like_the_stage():
    """A knob that is mistyped on the command line must not be ignored."""
    assert "mine.runtime.call_second: is no such knob" in faults_of(
        stage_with(), '{"runtime": {"call_second": 120}}'
    )


@pytest.mark.parametrize("overrides", ["{", "[]", "3"])
def test_overrides_that_are_no_object_are_refused(overrides: str):
    """The shell eats quotes; the deployer should read what arrived."""
    assert f"-c overrides={overrides!r}" in faults_of(stage_with(), overrides)


def test_a_section_cannot_be_changed_after_it_was_checked():
    """What was checked is what is deployed."""
    config = DeploymentConfig.for_stage("mine", stage_with())

    with pytest.raises(ValidationError):
        config.door.concurrency = 10_000


@pytest.mark.parametrize("days", get_args(RetentionDays.__value__))
def test_every_retention_that_a_stage_may_name_deploys(days: int):
    """A stage that passes every check must not fail while it is synthesised."""
    synthesised = App(builtin_cloud_formation_validation=False)
    stack = Stack(synthesised, "Any")

    LogKeeping(days=days).add_group(stack, "Logs")

    Template.from_stack(stack).has_resource_properties("AWS::Logs::LogGroup", {"RetentionInDays": days})


def knobs() -> list[tuple[str, dict[str, Any]]]:
    sections = DeploymentConfig.model_json_schema()["$defs"]
    return [
        (f"{section}.{name}", knob)
        for section, schema in sections.items()
        for name, knob in schema.get("properties", {}).items()
        if "const" not in knob
    ]


@pytest.mark.parametrize(("name", "knob"), knobs(), ids=[name for name, _ in knobs()])
def test_every_knob_says_what_it_is_and_where_it_ends(name: str, knob: dict[str, Any]):
    """A number without bounds is a bill without bounds."""
    assert knob["description"].endswith(".")
    if knob.get("type") in {"integer", "number"}:
        assert {"minimum", "exclusiveMinimum"} & set(knob), name
        assert "maximum" in knob, name


OIDC = {"kind": "oidc", "issuer": "https://id.example.com/", "audiences": ["door"], "client_id": "page"}


def auth_faults(**knobs: Any) -> str:
    stages = stage_with()
    stages["mine"]["auth"] = knobs
    return faults_of(stages)


def test_who_may_call_is_said_by_every_stage():
    """A door without an answer to that question would have to guess one."""
    stages = stage_with()
    del stages["mine"]["auth"]

    assert "mine.auth: is required and missing" in faults_of(stages)
    assert "mine.auth: " in auth_faults(kind="anybody")


@pytest.mark.parametrize(
    "issuer",
    [
        "http://id.example.com",
        "id.example.com",
        "https://",
        "https://[",
        "https://id.example.com?tenant=1",
        "https://id.example.com#x",
        "https://user@id.example.com",
        "http://localhost",
        "http://localhost:4571/",
        "http://localhost.example.com:4571",
    ],
)
def test_keys_are_fetched_over_tls_only(issuer: str):
    """Whoever could change the issuer's keys on their way could sign in as anybody."""
    assert "mine.auth.issuer: must be the https URL" in auth_faults(**{**OIDC, "issuer": issuer})


def test_an_issuer_on_this_machine_is_for_embedded_clouds():
    """AWS would look for it on AWS's own machine."""
    auth = OIDC | {"issuer": "http://localhost:4571"}
    endpoints = CONTEXT["stages"]["embedded"]["endpoints"]

    assert "mine.auth: issuer is on this machine" in auth_faults(**auth)
    stages = stage_with(endpoints=endpoints)
    stages["mine"]["auth"] = auth
    assert DeploymentConfig.for_stage("mine", stages).auth.kind == "oidc"


@pytest.mark.parametrize(
    ("knobs", "fault"),
    [
        ({"kind": "cognito", "domain_prefix": "my-aws-calls"}, "domain_prefix: holds 'aws'"),
        ({"kind": "cognito", "domain_prefix": "-calls"}, "domain_prefix: "),
        ({"kind": "cognito", "access_token_minutes": 1_441}, "access_token_minutes: "),
        ({"kind": "cognito", "mfa": "sms"}, "mfa: "),
        ({"kind": "cognito", "terminal_port": 80}, "terminal_port: "),
        ({"kind": "cognito", "issuer": "https://id.example.com"}, "issuer: is no such knob"),
        ({**OIDC, "audiences": []}, "audiences: "),
        ({**OIDC, "audiences": ["two words"]}, "audiences.0: "),
        ({**OIDC, "required_scopes": ["two words"]}, "required_scopes.0: "),
        ({"kind": "oidc"}, "issuer: is required and missing"),
        ({"kind": "iam", "mfa": "off"}, "mfa: is no such knob"),
    ],
)
def test_what_no_sign_in_can_be_is_refused(knobs: dict[str, Any], fault: str):
    """CloudFormation would say so after minutes, and less clearly."""
    assert f"mine.auth.{fault}" in auth_faults(**knobs)


def test_the_safe_way_to_call_is_the_one_without_knobs():
    """Nobody may make an account, and the people outlive the stack, unless somebody says otherwise."""
    stages = stage_with()
    stages["mine"]["auth"] = {"kind": "cognito"}
    auth = DeploymentConfig.for_stage("mine", stages).auth

    assert (auth.self_sign_up, auth.deletion_protection, auth.mfa) == (False, True, "optional")


def test_a_stage_lets_no_guest_in_unless_it_says_so():
    """An authenticated door is the default, whatever else a stage changes."""
    assert DeploymentConfig.for_stage("prod", CONTEXT["stages"]).guests is None


def test_guests_have_finite_limits_without_being_told():
    """An empty section is a stage that lets guests in, and not a stage without limits."""
    guests = DeploymentConfig.for_stage("mine", stage_with(guests={})).guests

    assert guests.model_dump() == {
        "invite_seconds": 3_600,
        "invites_per_minute": 10,
        "call_seconds": 300,
        "concurrency": 5,
        "concurrency_per_inviter": 2,
        "requests_per_second": 5,
        "request_burst": 10,
    }


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ({"guests": {"concurrency": 16}}, "guests: concurrency (16) exceeds door.concurrency (15)"),
        (
            {"guests": {"call_seconds": 1_200}},
            "guests: call_seconds (1200) exceeds runtime.call_seconds (900)",
        ),
        (
            {"guests": {"concurrency": 2, "concurrency_per_inviter": 3}},
            "guests.concurrency_per_inviter: exceeds concurrency (2)",
        ),
        ({"guests": {"invite_seconds": 0}}, "guests.invite_seconds"),
        ({"guests": {"invite_seconds": 10_000_000}}, "guests.invite_seconds"),
    ],
)
def test_a_limit_of_guests_that_could_never_act_is_refused(sections, said):
    """A number that promises what another one takes away would be believed by whoever reads the stage."""
    assert said in faults_of(stage_with(**sections))


@pytest.mark.parametrize(
    "origin",
    ["*", "https://*.corp.example", "http://calls.corp.example", "https://corp.example/", "null", ""],
)
def test_an_origin_is_one_page_that_nobody_can_write_into(origin):
    """A wildcard is everybody, and without TLS so is everybody on the way."""
    assert "allowed_origins" in faults_of(stage_with(door={"allowed_origins": [origin]}))


def test_pages_on_the_developers_own_machine_may_be_named():
    """Nobody is between a browser and its own machine."""
    named = ["http://localhost:8080", "http://127.0.0.1:3000", "https://calls.corp.example"]
    door = DeploymentConfig.for_stage("mine", stage_with(door={"allowed_origins": named})).door

    assert list(door.allowed_origins) == named
