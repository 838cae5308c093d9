"""The knobs of the network."""

from ipaddress import IPv4Network
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from stacks.regions import AGENTCORE_ZONE_IDS
from stacks.sections.section import LOG_PRICE, RetentionDays, Section, price

# A VPC is /16 to /28 (VPC user guide); six /24 subnets (three zones, public and private) need a /21.
VPC_PREFIX_LENGTHS = range(16, 22)
# AgentCore takes 1 to 16 subnets and advises two zones (agentcore-vpc.md).
LEAST_ZONES = 2


class NetworkConfig(Section):
    """The VPC that the agent's network interfaces live in."""

    cidr: str = Field("10.42.0.0/16", description="Private IPv4 range of the VPC, /16 to /21.")
    availability_zone_ids: tuple[str, ...] = Field(
        (),
        strict=False,
        max_length=3,
        validate_default=True,
        description="Two or three Availability Zone ids (not names) that AgentCore supports in the Region; "
        "empty takes the first two.",
    )
    nat_gateways: Literal["one", "per_zone"] = Field(
        "one",
        description="One NAT gateway for all zones, or one per zone so that losing a zone cuts no other.",
        json_schema_extra=price(
            "US$0.045 per hour (US$33 a month) each and US$0.005 per hour for its address, plus US$0.045 per GB "
            "(aws.amazon.com/vpc/pricing)"
        ),
    )
    interface_endpoints: tuple[Literal["bedrock-runtime", "logs", "secretsmanager"], ...] = Field(
        (),
        strict=False,
        description="Services reached over PrivateLink instead of through the NAT gateway.",
        json_schema_extra=price(
            "US$0.01 per hour (US$7.30 a month) each in every zone, plus US$0.01 per GB "
            "(aws.amazon.com/privatelink/pricing)"
        ),
    )
    flow_log_retention_days: RetentionDays = Field(
        30, description="How long VPC flow logs are kept.", json_schema_extra=price(LOG_PRICE)
    )

    @field_validator("cidr")
    @classmethod
    def _is_a_private_range(cls, cidr: str) -> str:
        network = IPv4Network(cidr)  # says itself what is wrong with the text
        if not network.is_private:
            raise ValueError("is a public range; the way to those addresses would be lost: use 10.0.0.0/8")
        if network.prefixlen not in VPC_PREFIX_LENGTHS:
            raise ValueError("must be /16 to /21, so that six /24 subnets fit into a VPC")
        return cidr

    @field_validator("availability_zone_ids")
    @classmethod
    def _are_supported(cls, zone_ids: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        supported = AGENTCORE_ZONE_IDS.get((info.context or {}).get("region", ""))
        if supported is None:
            return zone_ids  # the Region itself is the fault, and it is reported
        zone_ids = zone_ids or supported[:2]
        if wrong := [one for one in zone_ids if one not in supported]:
            raise ValueError(
                f"AgentCore does not run in {', '.join(wrong)}; choose from {', '.join(supported)}"
            )
        if len(zone_ids) < LEAST_ZONES or len(set(zone_ids)) < len(zone_ids):
            raise ValueError("must name at least two different zones, or the loss of one ends every call")
        return zone_ids
