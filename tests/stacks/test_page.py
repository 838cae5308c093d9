"""The call page as it is deployed: a function without rights, CloudFront before it, WAF where it is wanted."""

import json

import pytest

from runtime.settings.page import PageSettings
from stacks.parts.call_page import ROUTES
from stacks.parts.page_distribution import CALLERS_PATHS
from tests.stacks.deployment import ELSEWHERE, STAGES, TURNED, Deployment, synthesise

OWN_NAME = TURNED["page"]
HANDLER = "runtime.door.call_page.handle_page"


def with_page(stage: str = "dev", **knobs: object) -> Deployment:
    return synthesise(stage, json.dumps({"page": knobs}))


def distribution(deployment: Deployment) -> dict:
    return deployment.the("Door", "AWS::CloudFront::Distribution")["DistributionConfig"]


def page_function(deployment: Deployment) -> dict:
    (found,) = [
        one for one in deployment.resources("Door", "AWS::Lambda::Function") if one["Handler"] == HANDLER
    ]
    return found


def test_everybody_may_load_the_page_and_nothing_else(shipped):
    """Each route without an authorizer is a door without a lock: these three, and providers' webhooks."""
    routes = shipped.resources("Door", "AWS::ApiGatewayV2::Route")

    unlocked = {one["RouteKey"] for one in routes if one["AuthorizationType"] == "NONE"}

    assert {f"GET {path}" for path in ROUTES} == {
        key for key in unlocked if not key.startswith("POST /telephony/")
    }


def test_the_page_s_function_may_write_its_log_and_nothing_else(shipped):
    """Everybody reaches it, so it must be worth nothing to whoever takes it over."""
    statements = [one for logical_id, one in shipped.statements("Door") if logical_id.startswith("PageFiles")]

    (statement,) = statements
    assert set(statement["Action"]) == {"logs:CreateLogStream", "logs:PutLogEvents"}
    assert "*" not in json.dumps(statement["Resource"])


@pytest.mark.parametrize("stage", STAGES)
def test_the_template_sets_every_variable_that_the_page_reads(stage):
    """A renamed variable fails here, not in the first browser after a deployment."""
    variables = page_function(synthesise(stage))["Environment"]["Variables"]

    settings = PageSettings.from_environment({name: str(value) for name, value in variables.items()})

    assert settings.stage == stage
    assert settings.embedded == (stage == "embedded")
    assert settings.agent_origin == (
        "ws://localhost:4568" if stage == "embedded" else "wss://bedrock-agentcore.us-east-1.amazonaws.com"
    )


def test_nothing_that_is_said_to_one_caller_is_kept_for_another(dev):
    """A cache's key holds no token, so neither an answer nor an error of the API may be in one."""
    config = distribution(dev)
    callers = {one["PathPattern"]: one for one in config["CacheBehaviors"]}

    caching_disabled = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"  # Managed-CachingDisabled
    all_but_host = "b689b0a8-53d0-40ab-baf2-68738e2966ac"  # Managed-AllViewerExceptHostHeader
    assert callers.keys() == set(CALLERS_PATHS)
    assert {one["CachePolicyId"] for one in callers.values()} == {caching_disabled}
    assert {one["OriginRequestPolicyId"] for one in callers.values()} == {all_but_host}
    assert {one["ErrorCachingMinTTL"] for one in config["CustomErrorResponses"]} == {0}
    assert {404, 403, 503} <= {one["ErrorCode"] for one in config["CustomErrorResponses"]}


def test_every_route_of_callers_is_behind_such_a_path():
    """A route that the page's own behaviour served would lose its method, its token and its privacy."""
    everything = synthesise("dev", json.dumps({"guests": {}}))
    keys = [one["RouteKey"] for one in everything.resources("Door", "AWS::ApiGatewayV2::Route")]

    paths = {key.split()[1] for key in keys} - set(ROUTES)

    begins = tuple(path.removesuffix("*") for path in CALLERS_PATHS)
    assert paths
    assert [one for one in paths if not one.startswith((*begins, "/telephony/"))] == []


def test_what_an_issuer_sends_back_stays_in_the_browser(dev):
    """The page is loaded with a code in its address: the origin, and so its log, must not see it."""
    behavior = distribution(dev)["DefaultCacheBehavior"]

    assert "OriginRequestPolicyId" not in behavior
    assert (
        behavior["CachePolicyId"] == "658327ea-f89d-4fab-a63d-7e88639e58f6"
    )  # Managed-CachingOptimized: no query
    assert behavior["AllowedMethods"] == ["GET", "HEAD"]


def test_no_way_is_in_the_clear(dev):
    """From the browser to CloudFront, and from there to the API."""
    config = distribution(dev)
    behaviors = [config["DefaultCacheBehavior"], *config["CacheBehaviors"]]
    (origin,) = config["Origins"]

    assert {one["ViewerProtocolPolicy"] for one in behaviors} == {"redirect-to-https", "https-only"}
    assert origin["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
    assert origin["CustomOriginConfig"]["OriginSSLProtocols"] == ["TLSv1.2"]
    assert config["HttpVersion"] == "http2and3"


def test_every_answer_is_guarded_even_cloudfront_s_own(dev):
    """The API's answers and error pages have no policy of their own."""
    config = dev.the("Door", "AWS::CloudFront::ResponseHeadersPolicy")["ResponseHeadersPolicyConfig"]
    guards = config["SecurityHeadersConfig"]

    own = guards["ContentSecurityPolicy"]
    assert own == {"ContentSecurityPolicy": "default-src 'none'; frame-ancestors 'none'", "Override": False}
    assert guards["FrameOptions"]["FrameOption"] == "DENY"
    assert guards["ReferrerPolicy"]["ReferrerPolicy"] == "no-referrer"
    assert guards["StrictTransportSecurity"]["AccessControlMaxAgeSec"] >= 31_536_000
    behaviors = [distribution(dev)["DefaultCacheBehavior"], *distribution(dev)["CacheBehaviors"]]
    assert all("ResponseHeadersPolicyId" in one for one in behaviors)


def test_a_name_of_its_own_comes_with_tls_that_aws_does_not_choose(turned):
    """On cloudfront.net AWS still takes what no browser sends any more."""
    config = distribution(turned)

    assert config["Aliases"] == ["calls.corp.example"]
    assert config["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.2_2021"


@pytest.mark.parametrize("region", ["", ELSEWHERE])
def test_waf_stands_before_the_page_from_any_region(region):
    """CloudFront takes web ACLs from us-east-1 only, and a change of the page must never wait for one."""
    watched = synthesise("prod", region)

    acl = watched.the("Edge", "AWS::WAFv2::WebACL")
    reference = distribution(watched)["WebACLId"]["Fn::GetStackOutput"]
    assert acl["Scope"] == "CLOUDFRONT"
    assert reference["StackName"] == "Hotline-prod-Edge"
    assert watched.manifest["artifacts"]["Hotline-prod-Edge"]["environment"].endswith("/us-east-1")
    assert "Hotline-prod-Edge" in watched.manifest["artifacts"]["Hotline-prod-Door"]["dependencies"]
    assert reference.get("Region", "us-east-1") == "us-east-1"


def test_waf_keeps_floods_out_and_lets_calls_in(prod):
    """A rule that blocks long bodies would block session descriptions, one for long queries some sign-ins."""
    rules = {rule["Name"]: rule for rule in prod.the("Edge", "AWS::WAFv2::WebACL")["Rules"]}

    limit = rules["requests-per-address"]
    assert limit["Statement"]["RateBasedStatement"]["Limit"] == 1_000
    assert limit["Action"] == {"Block": {}}
    common = rules["AWSManagedRulesCommonRuleSet"]["Statement"]["ManagedRuleGroupStatement"]
    counted = {one["Name"] for one in common["RuleActionOverrides"] if one["ActionToUse"] == {"Count": {}}}
    assert counted == {"SizeRestrictions_BODY", "SizeRestrictions_QUERYSTRING"}
    assert rules["AWSManagedRulesKnownBadInputsRuleSet"]["OverrideAction"] == {"None": {}}


def test_waf_keeps_no_copies_of_tokens(prod):
    """A sample of a request has its headers, for three hours, for whoever may look at samples."""
    acl = prod.the("Edge", "AWS::WAFv2::WebACL")

    seen = [acl["VisibilityConfig"], *(rule["VisibilityConfig"] for rule in acl["Rules"])]
    assert {one["SampledRequestsEnabled"] for one in seen} == {False}


def test_a_web_acl_goes_after_the_distribution_that_named_it(dev):
    """AWS refuses to delete one that is in use, and an empty stack is how the CDK deletes it."""
    assert not dev.templates["Edge"].get("Resources")
    assert "Hotline-dev-Door" in dev.manifest["artifacts"]["Hotline-dev-Edge"]["dependencies"]


def test_a_stage_without_a_page_has_none_of_it():
    """Whoever calls with programs only pays and answers for nothing else."""
    bare = with_page(enabled=False)

    assert bare.resources("Door", "AWS::CloudFront::Distribution") == []
    assert "PageUrl" not in bare.templates["Door"]["Outputs"]
    assert HANDLER not in {one["Handler"] for one in bare.resources("Door", "AWS::Lambda::Function")}


@pytest.mark.parametrize("lonely", OWN_NAME)
def test_a_name_without_its_certificate_is_refused(lonely):
    """CloudFront would refuse it only after everything else was deployed."""
    with pytest.raises(ValueError, match="give both or neither"):
        with_page(**{lonely: OWN_NAME[lonely]})
