"""Every question that the doctor may ask of AWS, and the policy that allows these and nothing else.

A check can ask only what stands here, so docs/doctor-policy.json, which is made from it, is neither short of a
right nor too wide.
"""

from typing import Any

from scripts.deploying.asking import Right

BOOTSTRAP = Right(
    "ssm:GetParameter", "ssm", "get_parameter", "arn:*:ssm:*:*:parameter/cdk-bootstrap/hnb659fds/version"
)
STACKS = Right(
    "cloudformation:DescribeStacks",
    "cloudformation",
    "describe_stacks",
    "arn:*:cloudformation:*:*:stack/Hotline-*",
)
RESOURCES = Right(
    "cloudformation:ListStackResources",
    "cloudformation",
    "list_stack_resources",
    "arn:*:cloudformation:*:*:stack/Hotline-*",
)
QUOTA = Right("servicequotas:GetServiceQuota", "service-quotas", "get_service_quota")
DEFAULT_QUOTA = Right(
    "servicequotas:GetAWSDefaultServiceQuota", "service-quotas", "get_aws_default_service_quota"
)
QUOTAS = Right("servicequotas:ListServiceQuotas", "service-quotas", "list_service_quotas")
DEFAULT_QUOTAS = Right(
    "servicequotas:ListAWSDefaultServiceQuotas", "service-quotas", "list_aws_default_service_quotas"
)
ADDRESSES = Right("ec2:DescribeAddresses", "ec2", "describe_addresses")
INSTANCES = Right("ec2:DescribeInstances", "ec2", "describe_instances")
VPCS = Right("ec2:DescribeVpcs", "ec2", "describe_vpcs")
ZONES = Right("ec2:DescribeAvailabilityZones", "ec2", "describe_availability_zones")
FUNCTIONS = Right("lambda:GetAccountSettings", "lambda", "get_account_settings")
RESERVED = Right(
    "lambda:GetFunctionConcurrency",
    "lambda",
    "get_function_concurrency",
    "arn:*:lambda:*:*:function:Hotline-*",
)
MODEL = Right("bedrock:GetFoundationModelAvailability", "bedrock", "get_foundation_model_availability")
AGENTS = Right("bedrock-agentcore:ListAgentRuntimes", "bedrock-agentcore-control", "list_agent_runtimes")
SECRET = Right(
    "secretsmanager:DescribeSecret", "secretsmanager", "describe_secret", "arn:*:secretsmanager:*:*:secret:*"
)
CERTIFICATE = Right("acm:DescribeCertificate", "acm", "describe_certificate", "arn:*:acm:*:*:certificate/*")
HOSTED_ZONE = Right("route53:GetHostedZone", "route53", "get_hosted_zone", "arn:*:route53:::hostedzone/*")
MONITORS = Right("ce:GetAnomalyMonitors", "ce", "get_anomaly_monitors")

RIGHTS = (
    *(
        BOOTSTRAP,
        STACKS,
        RESOURCES,
        QUOTA,
        DEFAULT_QUOTA,
        QUOTAS,
        DEFAULT_QUOTAS,
        ADDRESSES,
        INSTANCES,
        VPCS,
        ZONES,
        FUNCTIONS,
    ),
    *(RESERVED, MODEL, AGENTS, SECRET, CERTIFICATE, HOSTED_ZONE, MONITORS),
)
"""All that need one."""


def policy() -> dict[str, Any]:
    """Return the least IAM policy with which the doctor can look at everything."""
    actions: dict[str, list[str]] = {}
    for right in RIGHTS:
        actions.setdefault(right.resource, []).append(right.action)
    statements = [
        {"Effect": "Allow", "Action": sorted(allowed), "Resource": resource}
        for resource, allowed in sorted(actions.items())
    ]
    return {"Version": "2012-10-17", "Statement": statements}
