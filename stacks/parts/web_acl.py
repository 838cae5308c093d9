"""AWS WAF before the call page: two groups of rules that AWS keeps, and a limit per address."""

from collections.abc import Sequence

from aws_cdk import CrossStackReferences, ReferenceStrength
from aws_cdk import aws_wafv2 as waf
from constructs import Construct

from stacks.config import PageConfig

WINDOW_SECONDS = 300

# Rules of the common group that only count, because callers in good faith meet them.
COUNTED = (
    # Bodies above 8 KB: session descriptions with many candidates are longer; the door's own limit holds.
    "SizeRestrictions_BODY",
    # Query strings above 2 KB: the codes of some issuers are longer; the page reads them, no server does.
    "SizeRestrictions_QUERYSTRING",
)


class WebAcl(Construct):
    """Judges every request to the distribution before its cache and its origin do."""

    arn: str

    def __init__(self, scope: Construct, construct_id: str, *, config: PageConfig) -> None:
        super().__init__(scope, construct_id)
        common, known = "AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet"
        acl = waf.CfnWebACL(
            self,
            "WebAcl",
            scope="CLOUDFRONT",
            description="Hotline: requests to the call page and the API behind it",
            default_action=waf.CfnWebACL.DefaultActionProperty(allow={}),
            visibility_config=_visible("all"),
            rules=[
                _limit(config.waf_requests_per_five_minutes, priority=0),
                _managed(common, priority=1, counted=COUNTED),
                _managed(known, priority=2, counted=()),
            ],
        )
        # A strong export could not be removed in the deployment that switches WAF off, and one into another
        # Region is a custom resource.
        CrossStackReferences.of(acl).produce(ReferenceStrength.WEAK)
        self.arn = acl.attr_arn


def _limit(requests: int, *, priority: int) -> waf.CfnWebACL.RuleProperty:
    return waf.CfnWebACL.RuleProperty(
        name="requests-per-address",
        priority=priority,
        action=waf.CfnWebACL.RuleActionProperty(block={}),
        statement=waf.CfnWebACL.StatementProperty(
            rate_based_statement=waf.CfnWebACL.RateBasedStatementProperty(
                aggregate_key_type="IP", limit=requests, evaluation_window_sec=WINDOW_SECONDS
            )
        ),
        visibility_config=_visible("requests-per-address"),
    )


def _managed(group: str, *, priority: int, counted: Sequence[str]) -> waf.CfnWebACL.RuleProperty:
    count = waf.CfnWebACL.RuleActionProperty(count={})
    return waf.CfnWebACL.RuleProperty(
        name=group,
        priority=priority,
        override_action=waf.CfnWebACL.OverrideActionProperty(none={}),
        statement=waf.CfnWebACL.StatementProperty(
            managed_rule_group_statement=waf.CfnWebACL.ManagedRuleGroupStatementProperty(
                vendor_name="AWS",
                name=group,
                rule_action_overrides=[
                    waf.CfnWebACL.RuleActionOverrideProperty(name=rule, action_to_use=count)
                    for rule in counted
                ]
                or None,
            )
        ),
        visibility_config=_visible(group),
    )


def _visible(metric: str) -> waf.CfnWebACL.VisibilityConfigProperty:
    return waf.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True,
        metric_name=metric,
        # Samples keep whole requests for three hours, and with them the tokens of callers.
        sampled_requests_enabled=False,
    )
