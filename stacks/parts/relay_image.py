"""The machine image of the relays: Ubuntu, with a coturn that we built from a pinned release."""

import hashlib
from pathlib import Path

from aws_cdk import Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_imagebuilder as imagebuilder
from constructs import Construct

from stacks.parts.acknowledge import acknowledge_pattern
from stacks.parts.instance_access import grant_session_manager

BUILD_SCRIPT = Path(__file__).parents[2] / "turn" / "coturn" / "build.sh"

# Ubuntu packages certbot with its Route 53 plug-in, boto3 and nftables, updates itself, and ships the SSM agent.
PARENT = "image/ubuntu-server-24-lts-arm64/x.x.x"
# A minute's compilation; the smallest instance with two cores.
BUILD_INSTANCE = "c7g.large"
VERSION = "1.0.0"
# Image Builder takes no more inline (imagebuilder-limits, EC2 Image Builder user guide); build.sh has 3 KB.
COMPONENT_LIMIT_BYTES = 16_000


class RelayImage(Construct):
    """Built by EC2 Image Builder while the stack is deployed: relays fetch and compile nothing when they boot.

    So a relay comes back when GitHub and Ubuntu's mirrors do not answer, and has no compiler on it.
    """

    image: ec2.IMachineImage

    def __init__(
        self, scope: Construct, construct_id: str, *, stage: str, revision: int, vpc: ec2.IVpc
    ) -> None:
        super().__init__(scope, construct_id)
        data = _component(BUILD_SCRIPT.read_text())
        # Components and recipes never change: another content is another name.
        digest = hashlib.sha256(f"{data}{PARENT}{revision}".encode()).hexdigest()[:12]
        name = f"hotline-{stage}-relay-{digest}"
        component = imagebuilder.CfnComponent(
            self, "Component", name=name, version=VERSION, platform="Linux", data=data
        )
        recipe = imagebuilder.CfnImageRecipe(
            self,
            "Recipe",
            name=name,
            version=VERSION,
            components=[
                imagebuilder.CfnImageRecipe.ComponentConfigurationProperty(component_arn=component.attr_arn)
            ],
            parent_image=Stack.of(self).format_arn(service="imagebuilder", account="aws", resource=PARENT),
        )
        image = imagebuilder.CfnImage(
            self,
            "Image",
            image_recipe_arn=recipe.attr_arn,
            infrastructure_configuration_arn=self._infrastructure(name, vpc).attr_arn,
            # Its list of packages would be collected by State Manager, for which the machine has no rights.
            enhanced_image_metadata_enabled=False,
            # build.sh ends with tests of what it made; booting it once more would prove little.
            image_tests_configuration=imagebuilder.CfnImage.ImageTestsConfigurationProperty(
                image_tests_enabled=False
            ),
        )
        self.image = ec2.MachineImage.generic_linux({Stack.of(self).region: image.attr_image_id})

    def _infrastructure(self, name: str, vpc: ec2.IVpc) -> imagebuilder.CfnInfrastructureConfiguration:
        role = self._role()
        profile = iam.InstanceProfile(self, "Profile", role=role)
        made = imagebuilder.CfnInfrastructureConfiguration(
            self,
            "Infrastructure",
            name=name,
            instance_profile_name=profile.instance_profile_name,
            instance_types=[BUILD_INSTANCE],
            security_group_ids=[self._group(vpc).security_group_id],
            # Its way out is the NAT gateway; nothing can reach it.
            subnet_id=vpc.private_subnets[0].subnet_id,
            terminate_instance_on_failure=True,
            instance_metadata_options=imagebuilder.CfnInfrastructureConfiguration.InstanceMetadataOptionsProperty(
                http_tokens="required", http_put_response_hop_limit=1
            ),
        )
        # Not before the role may do what it has to.
        made.node.add_dependency(role)
        return made

    def _role(self) -> iam.Role:
        stack = Stack.of(self)
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"),
            description="Hotline: what the machine that builds the relays' image may do",
        )
        grant_session_manager(role)
        # Of AWS's EC2InstanceProfileForImageBuilder what a component of ours needs: itself, and the tool that
        # runs it, which AWS keeps in buckets of its own.
        components = stack.format_arn(service="imagebuilder", resource="component", resource_name="hotline-*")
        tools = stack.format_arn(service="s3", region="", account="", resource="ec2imagebuilder*")
        role.add_to_policy(iam.PolicyStatement(actions=["imagebuilder:GetComponent"], resources=[components]))
        role.add_to_policy(iam.PolicyStatement(actions=["s3:GetObject"], resources=[tools]))
        acknowledge_pattern(role, components, "Components of ours; each content has another name.")
        acknowledge_pattern(role, tools, "Buckets of AWS, named after Region and purpose.")
        return role

    def _group(self, vpc: ec2.IVpc) -> ec2.SecurityGroup:
        group = ec2.SecurityGroup(
            self, "Group", vpc=vpc, description="TURN relays: build of their image", allow_all_outbound=False
        )
        group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "Source of coturn, AWS APIs")
        group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(80), "Signed packages of Ubuntu")
        return group


def _component(script: str) -> str:
    """Return Image Builder's document that runs *script*."""
    lines = "".join(f"              {line}\n" if line else "\n" for line in script.splitlines())
    return f"""\
name: coturn
schemaVersion: 1.0
phases:
  - name: build
    steps:
      - name: coturn
        action: ExecuteBash
        inputs:
          commands:
            - |
{lines}"""
