"""The stage whose relays are our own."""

import json
import re
import subprocess
from ipaddress import ip_address

import pytest
import yaml

from stacks.parts.relay_image import BUILD_SCRIPT, COMPONENT_LIMIT_BYTES
from tests.stacks.deployment import Deployment, synthesise
from turn.coturn import metrics as relay_metrics
from turn.coturn.render import FOLDER
from turn.coturn.settings import HOOK, InstanceSettings

ZONE = "Z0123456789ABCDEFGHIJ"
USER_DATA_LIMIT_BYTES = 16 * 1024  # EC2 user guide, "Run commands when you launch an EC2 instance"


@pytest.fixture
def named() -> Deployment:
    """The stage with a zone for its relays' names."""
    return synthesise("coturn", json.dumps({"turn": {"hosted_zone_id": ZONE}}))


def test_the_relays_key_goes_with_the_stage(coturn: Deployment):
    """It encrypts a secret that goes too; one that stays costs US$1 a month and opens nothing."""
    (key,) = coturn.whole("Turn", "AWS::KMS::Key")

    assert key["DeletionPolicy"] == "Delete"
    assert key["Properties"]["PendingWindowInDays"] == 7


def user_data(coturn: Deployment) -> str:
    """Return what an instance of `coturn` runs at boot, with references as `ref`."""
    template = coturn.the("Turn", "AWS::EC2::LaunchTemplate")["LaunchTemplateData"]
    parts = template["UserData"]["Fn::Base64"]["Fn::Join"][1]
    return "".join(one if isinstance(one, str) else "ref" for one in parts)


def groups(coturn: Deployment) -> list[dict]:
    return coturn.whole("Turn", "AWS::AutoScaling::AutoScalingGroup")


def tags(group: dict) -> dict:
    return {tag["Key"]: tag["Value"] for tag in group["Properties"]["Tags"]}


def test_every_relay_of_ours_has_an_address_and_a_group_of_its_own(coturn: Deployment):
    """A broken relay is replaced by itself and keeps the address that callers know."""
    groups = coturn.resources("Turn", "AWS::AutoScaling::AutoScalingGroup")
    addresses = [
        tag["Value"]["Ref"] for one in groups for tag in one["Tags"] if tag["Key"] == "hotline-address"
    ]

    assert {(one["MinSize"], one["MaxSize"]) for one in groups} == {("1", "1")}
    assert len(set(addresses)) == len(groups) == len(coturn.resources("Turn", "AWS::EC2::EIP")) == 2


def test_relays_are_hardened(coturn: Deployment):
    """A relay stands in the open: no stolen metadata, no readable disk, no SSH."""
    template = coturn.the("Turn", "AWS::EC2::LaunchTemplate")["LaunchTemplateData"]
    (disk,) = template["BlockDeviceMappings"]
    (group,) = (
        one for one in coturn.resources("Turn", "AWS::EC2::SecurityGroup") if "SecurityGroupIngress" in one
    )

    assert template["MetadataOptions"]["HttpTokens"] == "required"
    assert template["MetadataOptions"]["HttpPutResponseHopLimit"] == 1
    assert disk["Ebs"]["Encrypted"] is True
    assert "KeyName" not in template
    assert {(one["IpProtocol"], one["FromPort"], one["ToPort"]) for one in group["SecurityGroupIngress"]} == {
        ("tcp", 443, 443),
        ("udp", 443, 443),
        ("tcp", 3478, 3478),
        ("udp", 3478, 3478),
        ("udp", 49152, 50175),
    }


def test_a_relay_can_take_only_the_addresses_of_its_stack(coturn: Deployment):
    """Another service's address must not be stolen by whoever takes over a relay."""
    (statement,) = (one for _, one in coturn.statements("Turn") if one["Action"] == "ec2:AssociateAddress")
    addresses = [one for one in statement["Resource"] if ":elastic-ip/" in json.dumps(one)]

    assert len(addresses) == 2
    assert all("AllocationId" in json.dumps(one) for one in addresses)


def test_the_shared_secret_is_encrypted_made_up_and_not_in_the_user_data(coturn: Deployment):
    """User data can be read by everybody who may describe instances."""
    secret = coturn.the("Turn", "AWS::SecretsManager::Secret")

    assert secret["GenerateSecretString"]["PasswordLength"] == 48
    assert "KmsKeyId" in secret
    assert "SecretString" not in secret
    assert "{{resolve:" not in user_data(coturn)


def test_the_door_may_read_the_shared_secret_and_no_other(coturn: Deployment):
    """It derives credentials from it; the key opens nothing but Secrets Manager's envelope."""
    (read, decrypt) = (
        one
        for _, one in coturn.statements("Door")
        if one["Action"] in ("secretsmanager:GetSecretValue", "kms:Decrypt")
    )

    assert "SharedSecret" in read["Resource"]["Fn::GetStackOutput"]["OutputName"]
    assert decrypt["Condition"]["StringEquals"] == {
        "kms:ViaService": "secretsmanager.us-east-1.amazonaws.com"
    }


def test_the_agent_reaches_relayed_media_at_the_relays_only(coturn: Deployment):
    """One hop instead of two, without opening a thousand ports to the whole Internet."""
    rules = coturn.resources("Turn", "AWS::EC2::SecurityGroupEgress")

    assert {(one["IpProtocol"], one["FromPort"], one["ToPort"]) for one in rules} == {("udp", 49152, 50175)}
    assert all(one["CidrIp"]["Fn::Join"][1][1] == "/32" for one in rules)
    assert len(rules) == 2


def test_the_boot_script_is_bash_and_tells_an_instance_all_it_asks_for(coturn: Deployment):
    """A relay that fails to boot is found out by callers."""
    script = user_data(coturn)
    subprocess.run(["bash", "-n"], input=script, text=True, check=True, capture_output=True)
    told = re.search(r"relay\.json <<'END'\n(.*?)\nEND", script, re.DOTALL)

    assert InstanceSettings(**json.loads(told[1])).secret_arn == "ref"
    assert len(script) < 0.9 * USER_DATA_LIMIT_BYTES


def test_a_relay_may_fetch_its_own_files_and_no_other_asset(coturn: Deployment):
    """The bucket also holds the agent's bundle and everything else that this account deploys."""
    (key,) = re.findall(r'Key="(\w+\.zip)"', user_data(coturn))
    (statement,) = (
        one
        for name, one in coturn.statements("Turn")
        if one["Action"] == "s3:GetObject" and "Image" not in name
    )

    assert json.dumps(statement["Resource"]).count(key) == 1
    assert "*" not in json.dumps(statement["Resource"])


def test_relays_are_replaced_one_after_the_other_and_only_when_they_answer(coturn: Deployment):
    """A configuration that does not start must stop at the first relay, while the others take calls."""
    first, second = groups(coturn)

    assert "DependsOn" not in first
    assert "Relay1" in second["DependsOn"][0]
    for group in (first, second):
        rolling = group["UpdatePolicy"]["AutoScalingRollingUpdate"]
        assert rolling["WaitOnResourceSignals"] is True
        assert group["CreationPolicy"]["ResourceSignal"]["Count"] == 1


def test_a_relay_names_the_resource_that_waits_for_its_signal(coturn: Deployment):
    """A signal for another resource would let the deployment fail after 25 minutes."""
    logical_ids = {
        name
        for name, one in coturn.templates["Turn"]["Resources"].items()
        if one["Type"] == "AWS::AutoScaling::AutoScalingGroup"
    }

    assert {tags(one)["hotline-resource"] for one in groups(coturn)} == logical_ids


def test_an_instance_that_goes_waits_for_its_calls_and_not_for_ever(coturn: Deployment):
    """Longer than the drain, so that the drain's end ends it; and a broken one goes by itself."""
    for group in groups(coturn):
        (hook,) = group["Properties"]["LifecycleHookSpecificationList"]
        assert hook["LifecycleHookName"] == HOOK
        assert hook["LifecycleTransition"] == "autoscaling:EC2_INSTANCE_TERMINATING"
        assert 900 < hook["HeartbeatTimeout"] <= 1_200
        assert hook["DefaultResult"] == "CONTINUE"


def test_two_relays_are_never_rebooted_at_the_same_hour(coturn: Deployment):
    """Updates need reboots; somebody must be there for calls meanwhile."""
    hours = [tags(one)["hotline-reboot-time"] for one in groups(coturn)]

    assert len(set(hours)) == len(hours)


def test_relays_may_write_one_namespace_of_metrics(coturn: Deployment):
    """The action names no resource, so the condition is all there is."""
    (statement,) = (
        one for _, one in coturn.statements("Turn") if one["Action"] == "cloudwatch:PutMetricData"
    )

    assert statement["Condition"] == {"StringEquals": {"cloudwatch:namespace": relay_metrics.NAMESPACE}}


def test_the_image_is_built_by_the_script_that_pins_its_source(coturn: Deployment):
    """What was reviewed is what runs."""
    component = coturn.the("Turn", "AWS::ImageBuilder::Component")
    document = yaml.safe_load(component["Data"])
    (step,) = document["phases"][0]["steps"]
    (command,) = step["inputs"]["commands"]

    assert command.strip() == BUILD_SCRIPT.read_text().strip()
    assert re.search(r"^SHA256=\$\{SHA256:-[0-9a-f]{64}\}$", command, re.MULTILINE)
    assert len(component["Data"]) < COMPONENT_LIMIT_BYTES


def test_the_build_waits_for_the_updates_that_a_new_machine_begins_with():
    """They hold apt's locks, and apt-get does not wait: one build in some would fail, and the deployment with it."""
    script = BUILD_SCRIPT.read_text()
    kept_off, ended = "systemctl stop apt-daily.timer", "After=apt-daily.service apt-daily-upgrade.service"

    assert script.index(kept_off) < script.index(ended) < script.index("\napt-get ")


def test_the_build_asks_for_nothing_that_its_machine_may_not_do(coturn: Deployment):
    """Image Builder's list of packages comes from an inventory, which needs rights that Run Command does not."""
    may = {
        action
        for name, one in coturn.statements("Turn")
        if "Image" in name
        for action in _listed(one["Action"])
    }

    assert "ssm:PutInventory" not in may
    assert coturn.the("Turn", "AWS::ImageBuilder::Image")["EnhancedImageMetadataEnabled"] is False


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def test_an_image_of_another_revision_has_another_name(coturn: Deployment):
    """Image Builder refuses a second component or recipe of one name and version."""
    again = synthesise("coturn", json.dumps({"turn": {"image_revision": 2}}))

    for kind in ("Component", "ImageRecipe", "InfrastructureConfiguration"):
        one, other = (it.the("Turn", f"AWS::ImageBuilder::{kind}")["Name"] for it in (coturn, again))
        assert one != other


def test_nothing_reaches_the_machine_that_builds_the_image(coturn: Deployment):
    """It runs compilers and fetches source: it stands behind the NAT gateway, closed."""
    (group,) = (
        one
        for one in coturn.resources("Turn", "AWS::EC2::SecurityGroup")
        if "build" in one["GroupDescription"]
    )
    made = coturn.the("Turn", "AWS::ImageBuilder::InfrastructureConfiguration")

    assert "SecurityGroupIngress" not in group
    assert "Private" in json.dumps(made["SubnetId"]) or "Agent" in json.dumps(made["SubnetId"])
    assert made["InstanceMetadataOptions"] == {"HttpTokens": "required", "HttpPutResponseHopLimit": 1}


def test_named_relays_have_names_of_their_own_and_one_that_leads_to_the_well(named: Deployment):
    """The door hands out the first; the second is for whoever knows only the fleet."""
    records = named.resources("Turn", "AWS::Route53::RecordSet")
    own = {one["Name"] for one in records if not one.get("MultiValueAnswer")}
    fleet = [one for one in records if one.get("MultiValueAnswer")]

    assert own == {"relay1.turn.hotline.invalid", "relay2.turn.hotline.invalid"}
    assert {one["Name"] for one in fleet} == {"turn.hotline.invalid"}
    assert all("HealthCheckId" in one for one in fleet)
    assert len({one["SetIdentifier"] for one in fleet}) == 2


def test_credentials_of_named_relays_offer_tls(named: Deployment, coturn: Deployment):
    """Without a certificate for the name, a TLS address would cost a caller a failed attempt."""
    variables = json.dumps(named.templates["Door"])

    assert "relay1.turn.hotline.invalid,relay2.turn.hotline.invalid" in variables
    assert "HOTLINE_TURN_TLS" in variables
    assert "HOTLINE_TURN_TLS" not in json.dumps(coturn.templates["Door"])


def test_a_relay_may_write_the_proof_of_its_name_and_no_other_record(named: Deployment):
    """Whoever takes over a relay must not lead the company's domain elsewhere."""
    (statement,) = (
        one for _, one in named.statements("Turn") if one["Action"] == "route53:ChangeResourceRecordSets"
    )

    assert statement["Resource"].endswith(f":hostedzone/{ZONE}")
    assert statement["Condition"]["ForAllValues:StringEquals"] == {
        "route53:ChangeResourceRecordSetsNormalizedRecordNames": [
            "_acme-challenge.relay1.turn.hotline.invalid",
            "_acme-challenge.relay2.turn.hotline.invalid",
        ],
        "route53:ChangeResourceRecordSetsRecordTypes": ["TXT"],
    }


def test_relays_are_watched_where_there_are_any(named: Deployment, coturn: Deployment, dev: Deployment):
    """Managed relays publish none of these, and an alarm on nothing is red for ever."""

    def watched(deployed: Deployment) -> set[str]:
        alarms = deployed.resources("Monitoring", "AWS::CloudWatch::Alarm")
        return {one["MetricName"] for one in alarms if one.get("Namespace") == relay_metrics.NAMESPACE}

    assert watched(dev) == set()
    assert watched(coturn) == {relay_metrics.ALLOCATIONS, relay_metrics.STRAYS}
    assert watched(named) == {relay_metrics.ALLOCATIONS, relay_metrics.STRAYS, relay_metrics.CERTIFICATE_DAYS}
    assert relay_metrics.NAMESPACE in json.dumps(coturn.the("Monitoring", "AWS::CloudWatch::Dashboard"))


def test_every_finding_about_a_named_stage_is_answered(named: Deployment):
    """The shipped stage has no zone, so its own check does not see these statements."""
    assert [one["violations"] for one in named.findings["pluginReports"]] == [[]]


@pytest.mark.parametrize(
    "address",
    ["10.42.0.9", "127.0.0.1", "169.254.169.254", "172.31.0.1", "192.168.1.1", "100.64.0.1", "0.0.0.1"],
)
def test_relays_refuse_to_reach_into_networks(address: str):
    """Without it, whoever holds a credential for a minute can talk to the metadata service."""
    ranges = re.findall(
        r"^denied-peer-ip=([\d.]+)-([\d.]+)$", (FOLDER / "turnserver.conf").read_text(), re.MULTILINE
    )

    assert any(ip_address(first) <= ip_address(address) <= ip_address(last) for first, last in ranges)
