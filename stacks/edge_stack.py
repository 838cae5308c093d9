"""What stands before the call page in every edge location of CloudFront."""

from aws_cdk import Environment, Stack
from constructs import Construct

from stacks.config import PageConfig

# The one Region that CloudFront takes web ACLs from, whichever Region is served.
# Source: "AWS::WAFv2::WebACL", CloudFormation template reference.
REGION = "us-east-1"


class EdgeStack(Stack):
    """Owns the web ACL where a stage wants one; otherwise it is empty, and the CDK removes what was there."""

    web_acl_arn: str | None = None

    def __init__(self, scope: Construct, construct_id: str, *, config: PageConfig, env: Environment) -> None:
        account = Environment(account=env.account, region=REGION)
        super().__init__(
            scope, construct_id, env=account, description="Hotline: what judges requests to the page"
        )
        if config.enabled and config.waf:
            # It loads a library that no other stage waits for.
            from stacks.parts.web_acl import WebAcl  # noqa: PLC0415

            self.web_acl_arn = WebAcl(self, "WebAcl", config=config).arn
