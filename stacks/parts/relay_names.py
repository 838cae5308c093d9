"""The names of the relays in DNS."""

from collections.abc import Sequence

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_route53 as route53
from constructs import Construct

from stacks.config import CoturnConfig

# How long a caller's resolver may keep a name; an address moves with its relay and hardly ever changes.
TTL_SECONDS = "60"
WEB_PORT = 443
# Twice ten seconds, the quickest that Route 53 asks at (health-checks-creating-values, Route 53 guide).
CHECK_SECONDS = 10
FAILURES = 2


class RelayNames(Construct):
    """A name for each relay, which its certificate is for, and one that leads to those that are well.

    Browser and agent are given the names of the relays: both ends of a call then prefer the same one, and know
    the next when it is gone without waiting for DNS.  The name of the fleet is for everybody else.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, config: CoturnConfig, addresses: Sequence[ec2.CfnEIP]
    ) -> None:
        super().__init__(scope, construct_id)
        for number, (name, address) in enumerate(zip(config.names, addresses, strict=True), start=1):
            route53.CfnRecordSet(
                self,
                f"Relay{number}",
                hosted_zone_id=config.hosted_zone_id,
                name=name,
                type="A",
                ttl=TTL_SECONDS,
                resource_records=[address.ref],
            )
            route53.CfnRecordSet(
                self,
                f"Fleet{number}",
                hosted_zone_id=config.hosted_zone_id,
                name=config.realm,
                type="A",
                ttl=TTL_SECONDS,
                resource_records=[address.ref],
                multi_value_answer=True,
                set_identifier=name,
                health_check_id=self._check(number, address).attr_health_check_id,
            )

    def _check(self, number: int, address: ec2.CfnEIP) -> route53.CfnHealthCheck:
        return route53.CfnHealthCheck(
            self,
            f"Check{number}",
            health_check_config=route53.CfnHealthCheck.HealthCheckConfigProperty(
                type="TCP",
                ip_address=address.ref,
                port=WEB_PORT,
                request_interval=CHECK_SECONDS,
                failure_threshold=FAILURES,
            ),
        )
