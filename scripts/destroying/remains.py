"""What is left of a stage, asked of the account: stacks that would not go, what stays on purpose, what nobody expected."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from scripts.costs import idle
from scripts.deploying.asking import Asking, Right, UnansweredError
from scripts.deploying.place import Place
from scripts.deploying.stacks import StackName, is_absent, stack_names
from scripts.destroying.interfaces import RESOURCES
from scripts.destroying.orphans import Orphans
from scripts.destroying.remainder import Remainder

TAGGED = Right("tag:GetResources", "resourcegroupstaggingapi", "get_resources")

PRICES: Mapping[str, float] = {
    "AWS::EC2::NatGateway": idle.NAT_USD,
    "AWS::EC2::EIP": idle.ADDRESS_USD,
    "AWS::KMS::Key": idle.KEY_USD,
    "AWS::SecretsManager::Secret": idle.SECRET_USD,
    "AWS::KinesisVideo::SignalingChannel": idle.CHANNEL_USD,
    "AWS::CloudWatch::Alarm": idle.ALARM_USD,
    "AWS::CloudWatch::Dashboard": idle.DASHBOARD_USD,
    "AWS::WAFv2::WebACL": idle.WEB_ACL_USD,
    "AWS::Route53::HealthCheck": idle.HEALTH_CHECK_USD,
}
"""Of what costs by the month, whatever it is used for; where each is from stands in scripts/costs/idle.py."""
UNPRICED = frozenset(
    {"AWS::AutoScaling::AutoScalingGroup", "AWS::ECS::Service", "AWS::ElasticLoadBalancingV2::LoadBalancer"}
)
"""Cost by the hour, and how much depends on what they were set to."""


class Remains:
    """Looks for what is left of the stage at *place*, with the deployer's own rights."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._asking = Asking(place)
        self._listed: dict[StackName, list[Any]] = {}

    def all(self) -> list[Remainder]:
        """Return everything that is left; what could not be looked at is said as one of them."""
        looks = {
            "stacks": self._stacks,
            "what has the stage's tag": self._tagged,
            "logs": self._logs,
            "images of relays": self._images,
        }
        found = [
            one
            for what, look in looks.items()
            for region in self._place.regions
            for one in _said(what, look, region)
        ]
        return list({one.what: one for one in reversed(found)}.values())[::-1]

    def _stacks(self, region: str) -> Iterator[Remainder]:
        for stack in stack_names(self._place):
            left = [one["ResourceType"] for one in self._resources(stack)] if stack.region == region else []
            if left:
                kinds = Counter(left)
                costly = [
                    f"{number} {kind}" for kind, number in kinds.items() if kind in PRICES or kind in UNPRICED
                ]
                usd = sum(PRICES.get(kind, 0) * number for kind, number in kinds.items())
                yield Remainder(
                    what=f"stack {stack.name} in {region}, {len(left)} resources",
                    why=f"not deleted; it holds {', '.join(costly)}"
                    if costly
                    else "not deleted; nothing in it costs",
                    usd_a_month=None if UNPRICED & kinds.keys() else usd,
                    do=self._place.command("destroy"),
                )

    def _tagged(self, region: str) -> Iterator[Remainder]:
        """Go through what has the stage's tag and belongs to no stack any more."""
        names = {one.name for one in stack_names(self._place)}
        there = {one.name for one in stack_names(self._place) if self._resources(one)}
        mine = {"Key": "hotline:stage", "Values": [self._place.stage]}
        orphans = Orphans(self._asking, region)
        for one in self._asking.ask_all(TAGGED, "ResourceTagMappingList", region=region, TagFilters=[mine]):
            tags = {tag["Key"]: tag["Value"] for tag in one["Tags"]}
            stack = tags.get("aws:cloudformation:stack-name", "")
            if stack not in there:
                yield from orphans.judge(one["ResourceARN"], of_a_stack=stack in names)

    def _logs(self, region: str) -> Iterator[Remainder]:
        """Go through log groups that AWS's services made by themselves."""
        stage = self._place.stage
        held = {
            one.get("PhysicalResourceId")
            for stack in stack_names(self._place)
            for one in self._resources(stack)
        }
        for prefix in (f"/aws/bedrock-agentcore/runtimes/hotline_{stage}-", f"/aws/lambda/Hotline-{stage}-"):
            yield from Orphans(self._asking, region).logs(prefix, but=held)

    def _images(self, region: str) -> Iterator[Remainder]:
        """Go through what relays were made from, if there are no more relays."""
        turn = [one for one in stack_names(self._place) if one.part == "Turn" and one.region == region]
        if turn and not self._resources(*turn):
            yield from Orphans(self._asking, region).images(self._place.stage)

    def _resources(self, stack: StackName) -> list[Any]:
        """Return what a stack still holds; nothing of one that is not there."""
        if stack not in self._listed:
            self._listed[stack] = self._list(stack)
        return self._listed[stack]

    def _list(self, stack: StackName) -> list[Any]:
        try:
            listed = self._asking.ask_all(
                RESOURCES, "StackResourceSummaries", region=stack.region, StackName=stack.name
            )
        except ClientError as fault:
            if is_absent(fault):
                return []
            raise
        return [one for one in listed if one["ResourceStatus"] not in ("DELETE_COMPLETE", "DELETE_SKIPPED")]


def _said(what: str, look: Callable[[str], Iterator[Remainder]], region: str) -> list[Remainder]:
    try:
        return list(look(region))
    except UnansweredError as fault:
        why = str(fault)
    except ClientError as fault:
        why = f"could not look: AWS answered {fault.response['Error'].get('Code') or 'an error'}"
    return [Remainder(what=f"{what}, in {region}", why=why, usd_a_month=None)]
