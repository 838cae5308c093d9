"""The VPC's default security group, with nothing in it."""

from aws_cdk import Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from stacks.parts.acknowledge import acknowledge_pattern

# Source: Systems Manager Automation runbook reference, page of this runbook (parameters, permissions).
RUNBOOK = "AWSConfigRemediation-RemoveVPCDefaultSecurityGroupRules"


class ClosedDefaultGroup(Construct):
    """Removes every rule of a VPC's default security group, at once and again every day.

    CloudFormation cannot change that group.  A State Manager association runs AWS's own runbook for it:
    no Lambda function to patch, and a rule that somebody adds later does not stay.  Nothing of the kit
    uses the group.
    """

    def __init__(self, scope: Construct, construct_id: str, *, vpc: ec2.IVpc) -> None:
        super().__init__(scope, construct_id)
        assert isinstance(vpc, ec2.Vpc)  # noqa: S101 - an imported VPC does not say its default group
        role = self._role(vpc.vpc_default_security_group)
        ssm.CfnAssociation(
            self,
            "Association",
            name=RUNBOOK,
            parameters={
                "AutomationAssumeRole": [role.role_arn],
                "GroupId": [vpc.vpc_default_security_group],
            },
            schedule_expression="rate(1 day)",
        )

    def _role(self, group_id: str) -> iam.Role:
        stack = Stack.of(self)
        group = stack.format_arn(service="ec2", resource="security-group", resource_name=group_id)
        runbook = stack.format_arn(
            service="ssm", resource="automation-definition", resource_name=f"{RUNBOOK}:*"
        )
        role = iam.Role(
            self,
            "Role",
            description="Lets Systems Manager empty the default security group of Hotline's VPC",
            assumed_by=iam.ServicePrincipal(
                "ssm.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": stack.account}}
            ),
            inline_policies={
                "EmptyTheGroup": iam.PolicyDocument(
                    statements=[
                        iam.PolicyStatement(
                            actions=["ec2:RevokeSecurityGroupIngress", "ec2:RevokeSecurityGroupEgress"],
                            resources=[group],
                        ),
                        # `*`: DescribeSecurityGroups names no resource (service authorization reference).
                        iam.PolicyStatement(actions=["ec2:DescribeSecurityGroups"], resources=["*"]),
                        # `:*`: the runbook's version, which AWS moves.
                        iam.PolicyStatement(actions=["ssm:StartAutomationExecution"], resources=[runbook]),
                    ]
                )
            },
        )
        acknowledge_pattern(role, "*", "Describing security groups cannot be limited to one of them.")
        acknowledge_pattern(role, runbook, "One runbook of AWS, in whichever version is current.")
        return role
