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

    def __init__(self, scope: Construct, construct_id: str, *, vpc: ec2.Vpc) -> None:
        super().__init__(scope, construct_id)
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
                        *self._run_the_runbook(),
                    ]
                )
            },
        )
        acknowledge_pattern(role, "*", "Describing security groups cannot be limited to one of them.")
        for arn in self._runbook_arns():
            acknowledge_pattern(role, arn, "One runbook of AWS, in whichever version is current.")
        acknowledge_pattern(role, self._executions(), "The id of an execution is made up when it starts.")
        return role

    def _run_the_runbook(self) -> list[iam.PolicyStatement]:
        """Allow what the runbook's page asks for besides the steps themselves."""
        return [
            iam.PolicyStatement(actions=["ssm:StartAutomationExecution"], resources=self._runbook_arns()),
            iam.PolicyStatement(actions=["ssm:GetAutomationExecution"], resources=[self._executions()]),
        ]

    def _runbook_arns(self) -> list[str]:
        """Return the runbook's ARN with and without an account: AWS owns it, and its pages write both.

        `:*` is its version, which AWS moves.
        """
        stack = Stack.of(self)
        return [
            stack.format_arn(
                service="ssm", account=account, resource="automation-definition", resource_name=f"{RUNBOOK}:*"
            )
            for account in (stack.account, "")
        ]

    def _executions(self) -> str:
        return Stack.of(self).format_arn(service="ssm", resource="automation-execution", resource_name="*")
