"""What a relay may do in the account: take its address, read its secret, report, prove its name."""

from collections.abc import Sequence

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.parts.acknowledge import acknowledge_pattern
from stacks.parts.instance_access import grant_session_manager
from turn.coturn.metrics import NAMESPACE


def relay_role(scope: Construct, construct_id: str, addresses: Sequence[ec2.CfnEIP]) -> iam.Role:
    """Create the role of the relays, without the right to read their secret, which its owner grants."""
    role = iam.Role(
        scope,
        construct_id,
        assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"),
        description="Hotline: what a TURN relay may do",
    )
    grant_session_manager(role)
    _grant_addresses(role, addresses)
    _grant_lifecycle(role)
    # The action names no resource; the condition leaves one namespace.
    role.add_to_policy(
        iam.PolicyStatement(
            actions=["cloudwatch:PutMetricData"],
            resources=["*"],
            conditions={"StringEquals": {"cloudwatch:namespace": NAMESPACE}},
        )
    )
    return role


def grant_certificate(role: iam.Role, zone_id: str, names: Sequence[str]) -> None:
    """Let certbot prove to the authority that *names* are ours, by TXT records of that one purpose."""
    stack = Stack.of(role)
    zone = stack.format_arn(
        service="route53", region="", account="", resource="hostedzone", resource_name=zone_id
    )
    change = stack.format_arn(service="route53", region="", account="", resource="change", resource_name="*")
    role.add_to_policy(
        iam.PolicyStatement(
            actions=["route53:ChangeResourceRecordSets"],
            resources=[zone],
            conditions={
                "ForAllValues:StringEquals": {
                    "route53:ChangeResourceRecordSetsNormalizedRecordNames": [
                        f"_acme-challenge.{name}" for name in names
                    ],
                    "route53:ChangeResourceRecordSetsRecordTypes": ["TXT"],
                }
            },
        )
    )
    # Whether a change has arrived: its id is made up when it is made.
    role.add_to_policy(iam.PolicyStatement(actions=["route53:GetChange"], resources=[change]))
    # The plug-in looks the zone up by name; the action names no resource.
    role.add_to_policy(iam.PolicyStatement(actions=["route53:ListHostedZones"], resources=["*"]))
    acknowledge_pattern(role, change, "The id of a change is made up when it is made.")


def _grant_addresses(role: iam.Role, addresses: Sequence[ec2.CfnEIP]) -> None:
    stack = Stack.of(role)
    elastic_ips = [
        stack.format_arn(service="ec2", resource="elastic-ip", resource_name=one.attr_allocation_id)
        for one in addresses
    ]
    # Any instance and interface of the account: which one takes the address is known at boot only.  The
    # addresses are ours alone.
    anything = [
        stack.format_arn(service="ec2", resource=kind, resource_name="*")
        for kind in ("instance", "network-interface")
    ]
    role.add_to_policy(
        iam.PolicyStatement(actions=["ec2:AssociateAddress"], resources=[*elastic_ips, *anything])
    )
    for arn in anything:
        acknowledge_pattern(role, arn, "Which instance takes the relay's address is known at boot only.")


def _grant_lifecycle(role: iam.Role) -> None:
    """Let a relay say that its last call has ended; that it is ready it may say for `Signals` of the groups."""
    stack = Stack.of(role)
    # CloudFormation names a group after its stack; the group's own ARN would need the role before it exists.
    groups = stack.format_arn(
        service="autoscaling",
        resource="autoScalingGroup",
        resource_name=f"*:autoScalingGroupName/{stack.stack_name}-*",
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
    role.add_to_policy(
        iam.PolicyStatement(actions=["autoscaling:CompleteLifecycleAction"], resources=[groups])
    )
    acknowledge_pattern(
        role, groups, "The groups of this stack, whose ids are made up when they are created."
    )
