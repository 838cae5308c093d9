"""What a stage deploys for people without a sign-in, and that it deploys nothing of it unasked."""

import json

import pytest

from runtime.door import authorizer
from runtime.door.routes import ROUTES
from runtime.settings.guests import GuestGateSettings, GuestSettings
from tests.stacks.deployment import Deployment, synthesise
from tests.stacks.test_door_stack import function, rights

INVITED = json.dumps({"guests": {"requests_per_second": 3, "request_burst": 6, "call_seconds": 120}})
SHIPPED_ON_AWS = ("dev", "prod", "coturn")


@pytest.fixture(scope="module")
def invited() -> Deployment:
    return synthesise("prod", INVITED)


def routes(deployment: Deployment) -> dict[str, dict]:
    return {one["RouteKey"]: one for one in deployment.resources("Door", "AWS::ApiGatewayV2::Route")}


def gate(deployment: Deployment) -> dict:
    (found,) = [
        one
        for one in deployment.resources("Door", "AWS::Lambda::Function")
        if one["Handler"] == "runtime.door.authorizer.handle_authorization"
    ]
    return found


@pytest.mark.parametrize("stage", SHIPPED_ON_AWS)
def test_no_stage_lets_guests_in_unasked(stage):
    """An authenticated door is the default: no route, no key, no function, no right."""
    door = synthesise(stage)

    assert [key for key in routes(door) if "guest" in key or "invite" in key] == []
    assert door.resources("Door", "AWS::KMS::Key") == []
    assert [one for _, one in door.statements("Door") if "kms:GenerateMac" in json.dumps(one)] == []
    variables = function(door, "handle_request")["Environment"]["Variables"]
    assert "HOTLINE_INVITE_KEY" not in variables


def test_guests_have_the_routes_of_callers_below_their_own_path(invited):
    """A page that knows one knows the other."""
    callers = {key for key in routes(invited) if " /sessions" in key}
    guests = {key for key in routes(invited) if " /guest/" in key}

    assert guests == {key.replace(" /sessions", " /guest/sessions") for key in callers}
    assert guests | callers | {"POST /invites"} <= ROUTES.keys()


def test_guests_pass_their_own_authorizer_and_nobody_else_does(invited):
    """And an invite is made only by somebody who has signed in."""
    kinds = {key: one["AuthorizationType"] for key, one in routes(invited).items()}

    assert {kind for key, kind in kinds.items() if " /guest/" in key} == {"CUSTOM"}
    assert {kind for key, kind in kinds.items() if "session" in key and " /guest/" not in key} == {"JWT"}
    assert kinds["POST /invites"] == "JWT"
    assert (
        routes(invited)["POST /invites"]["AuthorizerId"] == routes(invited)["POST /sessions"]["AuthorizerId"]
    )


def test_no_answer_of_the_authorizer_is_kept(invited):
    """A kept answer is for a token alone: it would let it pass to every session."""
    (found,) = [
        one
        for one in invited.resources("Door", "AWS::ApiGatewayV2::Authorizer")
        if one["AuthorizerType"] == "REQUEST"
    ]

    assert found["AuthorizerResultTtlInSeconds"] == 0
    assert found["IdentitySource"] == ["$request.header.Authorization"]
    assert found["EnableSimpleResponses"] is True


def test_the_authorizer_may_compare_seals_and_do_nothing_else(invited):
    """Strangers reach it first; whoever takes it over can forge nothing and read nothing."""
    allowed = rights(invited, "GuestsFunctionRole")

    assert allowed.keys() == {"kms:VerifyMac", "logs:CreateLogStream", "logs:PutLogEvents"}
    assert "GuestsSeals" in json.dumps(allowed["kms:VerifyMac"])


def test_the_door_may_make_seals_and_not_compare_them(invited):
    """It believes what the authorizer has said, and has no other use for the key."""
    allowed = rights(invited, "RequestsRole")

    assert {action for action in allowed if action.startswith("kms:")} == {"kms:GenerateMac"}
    assert "GuestsSeals" in json.dumps(allowed["kms:GenerateMac"])


def test_the_key_makes_seals_and_encrypts_nothing(invited):
    """A key for one purpose cannot be turned to another."""
    key = invited.the("Door", "AWS::KMS::Key")

    assert (key["KeySpec"], key["KeyUsage"]) == ("HMAC_256", "GENERATE_VERIFY_MAC")


def test_the_gates_function_knows_a_key_and_no_table(invited):
    """It is told what it needs, and no more."""
    variables = gate(invited)["Environment"]["Variables"]

    told = GuestGateSettings.from_environment({name: str(value) for name, value in variables.items()})
    assert told.to_environment().keys() == variables.keys()
    assert "Layers" not in gate(invited)
    assert authorizer.handle_authorization


def test_the_door_reads_the_limits_that_the_stage_writes(invited):
    """A renamed variable fails here, not at the first guest's request."""
    variables = function(invited, "handle_request")["Environment"]["Variables"]
    settings = GuestSettings.from_environment({name: str(value) for name, value in variables.items()})

    assert (settings.guest_call_seconds, settings.guest_concurrency, settings.guests_per_inviter) == (
        120,
        5,
        2,
    )
    assert (settings.invite_seconds, settings.invites_per_minute) == (3_600, 10)


def test_opening_is_throttled_tighter_than_reading_and_guests_tighter_still(invited):
    """What costs a microVM, and what strangers reach, is what a flood would aim at."""
    stage = invited.the("Door", "AWS::ApiGatewayV2::Stage")
    limits = {key: tuple(one.values()) for key, one in stage["RouteSettings"].items()}

    guests = {key for key in routes(invited) if " /guest/" in key or " /invites" in key}
    assert limits == {"POST /sessions": (5, 10)} | dict.fromkeys(guests, (3, 6))
    assert stage["DefaultRouteSettings"] == {"ThrottlingRateLimit": 10, "ThrottlingBurstLimit": 20}


def test_the_stage_comes_after_the_routes_that_it_limits(invited):
    """API Gateway refuses settings of a route that is not there, and CloudFormation would not know."""
    (stage,) = invited.whole("Door", "AWS::ApiGatewayV2::Stage")
    resources = invited.templates["Door"]["Resources"]
    limited = {
        name
        for name, one in resources.items()
        if one["Type"] == "AWS::ApiGatewayV2::Route"
        and one["Properties"]["RouteKey"] in stage["Properties"]["RouteSettings"]
    }

    assert limited
    assert limited <= set(stage["DependsOn"])


def test_guests_excuse_no_finding(invited):
    """cdk-nag has nothing to say about any of it."""
    violations = [one for report in invited.findings["pluginReports"] for one in report["violations"]]

    assert violations == []
