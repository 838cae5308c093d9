"""How people reach an instance: through Session Manager, never by SSH."""

from aws_cdk import aws_iam as iam

from stacks.parts.acknowledge import acknowledge_pattern


def grant_session_manager(role: iam.Role) -> None:
    """Let an instance with *role* be reached by whoever IAM lets start a session, and nothing else."""
    role.add_to_policy(
        iam.PolicyStatement(
            actions=[
                "ssm:UpdateInstanceInformation",
                "ssmmessages:CreateControlChannel",
                "ssmmessages:CreateDataChannel",
                "ssmmessages:OpenControlChannel",
                "ssmmessages:OpenDataChannel",
            ],
            resources=["*"],  # none of these actions names one (service authorization reference)
        )
    )
    acknowledge_pattern(role, "*", "Session Manager's actions name no resource.")
