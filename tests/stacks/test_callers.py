"""Who may call a stage, as CloudFormation is told."""

import json
from typing import Any

import pytest

from stacks.parts.user_pool import SCOPE
from tests.stacks.deployment import Deployment, synthesise

OIDC = {
    "kind": "oidc",
    "issuer": "https://id.example.com/tenant/v2.0",
    "audiences": ["api://door", "door"],
    "client_id": "page",
    "required_scopes": ["call"],
}
COGNITO_STAGES = ("dev", "prod", "coturn")


def with_auth(**auth: Any) -> Deployment:
    return synthesise("dev", json.dumps({"auth": auth}))


def session_routes(stage: Deployment) -> list[dict[str, Any]]:
    found = [
        one for one in stage.resources("Door", "AWS::ApiGatewayV2::Route") if " /sessions" in one["RouteKey"]
    ]
    assert len(found) == 7
    return found


def authorizer_of(stage: Deployment, route: dict[str, Any]) -> dict[str, Any]:
    return stage.templates["Door"]["Resources"][route["AuthorizerId"]["Ref"]]["Properties"]


def outputs(stage: Deployment) -> dict[str, Any]:
    return {name: one["Value"] for name, one in stage.templates["Door"]["Outputs"].items()}


@pytest.mark.parametrize("stage", COGNITO_STAGES)
def test_only_access_tokens_of_the_stages_own_pool_open_its_door(stage):
    """An ID token names the same person and audience, and is shown to every page; it has no scope."""
    deployed = synthesise(stage)
    (pool,) = (
        name
        for name, one in deployed.templates["Door"]["Resources"].items()
        if one["Type"].endswith("::UserPool")
    )
    clients = {
        name
        for name, one in deployed.templates["Door"]["Resources"].items()
        if one["Type"].endswith("PoolClient")
    }

    for route in session_routes(deployed):
        jwt = authorizer_of(deployed, route)["JwtConfiguration"]
        assert (route["AuthorizationType"], route["AuthorizationScopes"]) == ("JWT", [SCOPE])
        assert jwt["Issuer"]["Fn::Join"][1] == ["https://cognito-idp.us-east-1.amazonaws.com/", {"Ref": pool}]
        assert {one["Ref"] for one in jwt["Audience"]} == clients


@pytest.mark.parametrize("stage", COGNITO_STAGES)
def test_people_sign_in_on_one_page_and_in_one_way(stage):
    """No secret to lose, no token in an address, no password sent to an API, no list of who has an account."""
    for client in synthesise(stage).resources("Door", "AWS::Cognito::UserPoolClient"):
        assert client["GenerateSecret"] is False
        assert client["AllowedOAuthFlows"] == ["code"]
        assert client["ExplicitAuthFlows"] == ["ALLOW_REFRESH_TOKEN_AUTH"]
        assert client["PreventUserExistenceErrors"] == "ENABLED"
        assert client["EnableTokenRevocation"] is True
        assert client["AccessTokenValidity"] == 60
        assert client["RefreshTokenValidity"] == 12 * 60
        assert {"minutes"} == set(client["TokenValidityUnits"].values())
        assert client["CallbackURLs"] == client["LogoutURLs"]
        assert all(
            one == "http://localhost:8765/" or not str(one).startswith("http://")
            for one in client["CallbackURLs"]
        )


def test_a_terminal_is_a_client_of_its_own(turned, dev):
    """Its sign-in ends on the caller's machine, and the page's must not be able to; it can be taken away."""
    (page,) = turned.resources("Door", "AWS::Cognito::UserPoolClient")

    assert "http://localhost" not in json.dumps(page)
    assert outputs(turned).keys().isdisjoint({"TerminalClientId", "TerminalPort"})
    assert len(dev.resources("Door", "AWS::Cognito::UserPoolClient")) == 2
    assert outputs(dev)["TerminalPort"] == "8765"


def test_strangers_make_no_account_unless_they_may(turned, prod):
    """Whoever has one can spend the deployer's money."""
    opened, closed = (
        one.the("Door", "AWS::Cognito::UserPool")["AdminCreateUserConfig"] for one in (turned, prod)
    )

    assert closed["AllowAdminCreateUserOnly"] is True
    assert opened["AllowAdminCreateUserOnly"] is False


def test_a_deployer_is_told_how_to_let_the_first_person_in():
    """A door that nobody can open looks broken; by mail, because Cognito would send a text message."""
    said = json.dumps(outputs(synthesise("dev"))["AddPerson"])

    assert "admin-create-user --region us-east-1 --user-pool-id" in said
    assert "--desired-delivery-mediums EMAIL" in said


@pytest.fixture
def least() -> Deployment:
    """A user pool that does what every plan does."""
    return with_auth(kind="cognito", mfa="off", feature_plan="lite")


@pytest.mark.parametrize(("stage", "said"), [("least", "OFF"), ("dev", "OPTIONAL"), ("turned", "ON")])
def test_a_second_factor_is_an_authenticators_code(request, stage, said):
    """A text message costs, and goes to whoever talked the phone company into another SIM card."""
    deployed = request.getfixturevalue(stage)
    pool = deployed.the("Door", "AWS::Cognito::UserPool")

    assert pool["MfaConfiguration"] == said
    assert pool.get("EnabledMfas", []) == ([] if said == "OFF" else ["SOFTWARE_TOKEN_MFA"])
    assert "SmsConfiguration" not in pool
    (report,) = deployed.findings["pluginReports"]
    assert report["violations"] == []


@pytest.mark.parametrize(
    ("stage", "plan", "pages"), [("least", "LITE", 1), ("dev", "ESSENTIALS", 2), ("turned", "PLUS", 2)]
)
def test_a_plan_brings_the_sign_in_pages_that_it_has(request, stage, plan, pages):
    """The newer ones are not part of Lite, and show nothing to a client without a style."""
    deployed = request.getfixturevalue(stage)
    pool = deployed.the("Door", "AWS::Cognito::UserPool")
    clients = deployed.resources("Door", "AWS::Cognito::UserPoolClient")

    assert pool["UserPoolTier"] == plan
    assert deployed.the("Door", "AWS::Cognito::UserPoolDomain")["ManagedLoginVersion"] == pages
    styles = deployed.resources("Door", "AWS::Cognito::ManagedLoginBranding")
    assert len(styles) == (0 if plan == "LITE" else len(clients))
    assert ("UserPoolAddOns" in pool) == (plan == "PLUS")


def test_people_outlive_a_stack_where_that_matters():
    """Destroying a stage by mistake must not cost every caller their account."""
    (kept,) = synthesise("prod").whole("Door", "AWS::Cognito::UserPool")
    (gone,) = synthesise("dev").whole("Door", "AWS::Cognito::UserPool")

    assert (kept["DeletionPolicy"], kept["Properties"]["DeletionProtection"]) == ("Retain", "ACTIVE")
    assert gone["DeletionPolicy"] == "Delete"
    assert gone["Properties"].get("DeletionProtection", "INACTIVE") == "INACTIVE"


def test_the_sign_in_pages_have_the_name_that_was_chosen_or_one_that_tells_nothing(turned, dev):
    """Such names are shared by all customers of a Region, and seen by everybody."""
    chosen = turned.the("Door", "AWS::Cognito::UserPoolDomain")
    made_up = json.dumps(dev.the("Door", "AWS::Cognito::UserPoolDomain")["Domain"])

    assert chosen["Domain"] == "acme-calls"
    assert "AWS::StackId" in made_up
    assert "AccountId" not in made_up


def test_the_companys_own_issuer_is_believed_as_it_is_configured():
    """Another audience is another application's token; one without the scope is for something else."""
    deployed = with_auth(**OIDC)

    for route in session_routes(deployed):
        jwt = authorizer_of(deployed, route)["JwtConfiguration"]
        assert (route["AuthorizationType"], route["AuthorizationScopes"]) == ("JWT", ["call"])
        assert jwt == {"Issuer": OIDC["issuer"], "Audience": OIDC["audiences"]}
    assert deployed.resources("Door", "AWS::Cognito::UserPool") == []
    assert outputs(deployed)["Issuer"] == OIDC["issuer"]
    assert outputs(deployed)["PageClientId"] == "page"


def test_machines_sign_with_iam():
    """They have no browser to sign in with, and roles already."""
    deployed = with_auth(kind="iam")

    assert {one["AuthorizationType"] for one in session_routes(deployed)} == {"AWS_IAM"}
    assert deployed.resources("Door", "AWS::ApiGatewayV2::Authorizer") == []
    assert outputs(deployed)["AuthKind"] == "iam"
    assert "Issuer" not in outputs(deployed)
