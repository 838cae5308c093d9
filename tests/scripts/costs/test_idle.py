import pytest

from scripts.costs.idle import ALARM_USD, NAT_USD, bill


def template(*resources: tuple[str, dict]) -> dict:
    return {
        "Resources": {
            f"R{at}": {"Type": f"AWS::{kind}", "Properties": more}
            for at, (kind, more) in enumerate(resources)
        }
    }


def test_what_is_in_several_stacks_is_added_up():
    """A stage is one bill."""
    gateway = ("EC2::NatGateway", {})

    costs = bill([template(gateway, ("EC2::EIP", {})), template(gateway)])

    assert costs["NAT gateways"] == pytest.approx(2 * NAT_USD) == pytest.approx(2 * 0.045 * 730)
    assert costs["public addresses"] == pytest.approx(0.005 * 730)


def test_relays_are_counted_with_all_that_belongs_to_them():
    """Two instances of the smallest kind, their disks, and what CloudWatch and we hear of them every minute."""
    data = {
        "InstanceType": "t4g.small",
        "Monitoring": {"Enabled": True},
        "BlockDeviceMappings": [{"Ebs": {"VolumeSize": 8}}],
    }
    group = ("AutoScaling::AutoScalingGroup", {})

    costs = bill([template(group, group, ("EC2::LaunchTemplate", {"LaunchTemplateData": data}))])

    assert costs["relays: instances, disks, detailed monitoring"] == pytest.approx(
        2 * (0.0168 * 730 + 8 * 0.08 + 7 * 0.30)
    )
    published = "dashboard, and metrics published without a call"
    assert costs[published] == pytest.approx(bill([])[published] + 4 * 0.30)


def test_an_endpoint_is_paid_in_each_zone_and_a_gateway_endpoint_is_free():
    """Three services in two zones are six times US$7.30."""
    interface = ("EC2::VPCEndpoint", {"VpcEndpointType": "Interface", "SubnetIds": ["a", "b"]})
    free = ("EC2::VPCEndpoint", {"VpcEndpointType": "Gateway"})

    assert bill([template(interface, free)])["interface endpoints"] == pytest.approx(2 * 7.30)


def test_rules_and_alarms_are_counted_by_what_they_look_at():
    """AWS bills rules beside their web ACL, and an alarm for each of its metrics."""
    rules = ("WAFv2::WebACL", {"Rules": [{}, {}, {}]})
    plain = ("CloudWatch::Alarm", {"MetricName": "Errors"})
    several = (
        "CloudWatch::Alarm",
        {"Metrics": [{"MetricStat": {}}, {"MetricStat": {}}, {"Expression": "a - b"}]},
    )

    costs = bill([template(rules, plain, several)])

    assert costs["web ACL"] == 8
    assert costs["alarms"] == pytest.approx(3 * ALARM_USD)
