"""An instance, from its first boot to its end: real coturn, nft and SQLite, and the embedded cloud for AWS."""

import asyncio
import grp
import json
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest
from botocore.stub import Stubber

from turn.allocation import Allocation
from turn.coturn import boot as booting
from turn.coturn import metrics, warden
from turn.coturn.boot import Itself, boot, claim_address
from turn.coturn.metadata import Metadata, MetadataError
from turn.coturn.render import FOLDER
from turn.coturn.settings import HOOK, InstanceSettings
from turn.coturn.warden import Warden
from turn.credentials import password_for, username_for
from turn.errors import AllocationError
from turn.ice_server import IceServer

PRIVATE, PUBLIC = "10.0.0.20", "203.0.113.20"
REALM = "turn.example"
URL = f"turn:{PRIVATE}:443?transport=udp"
PATIENCE_SECONDS = 20.0


@dataclass
class Instance:
    """What a test knows about the instance under test."""

    settings: InstanceSettings
    metadata: Metadata
    itself: Itself
    folder: Path
    database: Path
    session: boto3.Session

    def warden(self) -> Warden:
        return Warden(
            self.settings,
            self.itself,
            self.metadata,
            self.session,
            folder=self.folder,
            database=self.database,
        )


@pytest.fixture
def secret_arn(cloud):
    vault = cloud.client("secretsmanager")
    arn = vault.create_secret(Name=f"relay-{secrets.token_hex(4)}", SecretString="first" * 8)["ARN"]
    yield arn
    vault.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)


@pytest.fixture
def place():
    """Where files go that coturn's account may read."""
    with tempfile.TemporaryDirectory(prefix="hotline-instance-", dir="/run") as name:
        folder = Path(name)
        folder.chmod(0o750)
        os.chown(folder, 0, grp.getgrnam("turnserver").gr_gid)
        yield folder


@pytest.fixture
def instance(cloud, secret_arn, place, metadata_service, monkeypatch):
    """An instance that has booted and has no coturn yet; its role is the deployer's key."""
    role = cloud.session().get_credentials()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", role.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", role.secret_key)
    ec2 = cloud.client("ec2")
    address = ec2.allocate_address(Domain="vpc")
    (machine,) = ec2.run_instances(ImageId="ami-0", MinCount=1, MaxCount=1)["Instances"]
    metadata_service.paths = {
        "instance-id": machine["InstanceId"],
        "local-ipv4": PRIVATE,
        "tags/instance/hotline-address": PUBLIC,
        "tags/instance/hotline-address-id": address["AllocationId"],
        "tags/instance/hotline-name": f"relay1.{REALM}",
        "tags/instance/hotline-resource": "Relay1",
        "tags/instance/aws:autoscaling:groupName": "relays",
        "autoscaling/target-lifecycle-state": "InService",
    }
    settings = InstanceSettings(
        stage="test",
        stack="Hotline-test-Turn",
        region="us-east-1",
        realm=REALM,
        secret_arn=secret_arn,
        relay_ports_first=49152,
        relay_ports_last=50175,
        drain_seconds=60,
        tls=False,
        services_url=cloud.ports.endpoints()["services"],
    )
    metadata, database = Metadata(metadata_service.url), place / "secrets.db"
    itself = boot(settings, metadata, folder=place, database=database)
    yield Instance(settings, metadata, itself, place, database, boto3.Session(region_name="us-east-1"))
    ec2.release_address(AllocationId=address["AllocationId"])


@pytest.fixture
def relaying(instance, host):
    """The same instance with coturn, started as its unit starts it, and the host's rules."""
    host.ip(f"addr replace {PRIVATE}/32 dev lo")
    host.nft((instance.folder / "host.nft").read_text())
    within(host, keep_ports_for_relays)
    for file in instance.folder.iterdir():
        shutil.chown(file, group="turnserver")
        file.chmod(0o640)
    account = ["setpriv", "--reuid=turnserver", "--regid=turnserver", "--clear-groups"]
    rights = ["--bounding-set=-all,+net_bind_service", "--inh-caps=-all,+net_bind_service"]
    ambient = ["--ambient-caps=-all,+net_bind_service", "--no-new-privs"]
    program = ["turnserver", "-c", str(instance.folder / "turnserver.conf"), "--pidfile="]
    with ExitStack() as kept:
        log = kept.enter_context((instance.folder / "log").open("wb"))
        process = subprocess.Popen(
            host.command([*account, *rights, *ambient, *program]), stdout=log, stderr=subprocess.STDOUT
        )
        kept.callback(process.wait)
        kept.callback(process.kill)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not within(host, lambda: metrics.answers(PRIVATE, 443)):
            assert process.poll() is None, (instance.folder / "log").read_text()
            assert time.monotonic() < deadline
        yield instance


def keep_ports_for_relays():
    """Set what install.sh has `sysctl` set, in this network namespace."""
    (line,) = (line for line in (FOLDER / "sysctl.conf").read_text().splitlines() if not line.startswith("#"))
    name, _, value = line.partition(" = ")
    Path("/proc/sys", name.replace(".", "/")).write_text(value)


def within(host, ask):
    """Return what *ask* returns on the relay's host."""
    with host.entered():
        return ask()


def credentials(secret, lifetime_seconds=60):
    username = username_for("somebody", expires_at=int(time.time()) + lifetime_seconds)
    return IceServer(
        urls=(URL,),
        username=username,
        credential=password_for(username, secret=secret),
        lifetime_seconds=lifetime_seconds,
    )


async def allocate(host, secret):
    return await Allocation.open(
        URL, credentials(secret), make_socket=host.make_socket, patience_seconds=PATIENCE_SECONDS
    )


def rotate(cloud, arn, text):
    cloud.client("secretsmanager").put_secret_value(SecretId=arn, SecretString=text)


def test_metadata_is_asked_with_a_token_as_relays_require_it(metadata_service):
    """Without one, anything that can make coturn fetch an address could read the role's keys."""
    metadata_service.paths = {"local-ipv4": PRIVATE}

    assert Metadata(metadata_service.url).read("local-ipv4") == PRIVATE
    assert len(metadata_service.tokens) == 1


def test_what_metadata_does_not_know_is_named(metadata_service):
    """A tag that the stack forgot is found in the journal, not by callers."""
    with pytest.raises(MetadataError, match=r"404 for meta-data/tags/instance/hotline-address"):
        Metadata(metadata_service.url).tag("hotline-address")


def test_a_booted_instance_has_its_address_and_its_secret_in_no_file_but_memory(instance, cloud):
    """What is on the disk is in every snapshot of it."""
    (address,) = cloud.client("ec2").describe_addresses(AllocationIds=[instance.itself.address_id])[
        "Addresses"
    ]
    configuration = (instance.folder / "turnserver.conf").read_text()

    assert address["InstanceId"] == instance.itself.instance_id
    assert f"external-ip={PUBLIC}/{PRIVATE}\n" in configuration
    assert all("first" not in one.read_text() for one in instance.folder.iterdir() if one.suffix != ".db")
    assert instance.database.stat().st_mode & 0o777 == 0o640


def test_booting_again_changes_nothing(instance):
    """An update reboots a relay, and then it has everything."""
    before = {one.name: one.read_bytes() for one in instance.folder.iterdir()}

    boot(instance.settings, instance.metadata, folder=instance.folder, database=instance.database)

    assert {one.name: one.read_bytes() for one in instance.folder.iterdir()} == before


@pytest.mark.parametrize(("patience_seconds", "asked"), [(60.0, [False, False, False]), (0.0, [True])])
def test_the_address_is_taken_from_a_predecessor_only_when_its_time_is_over(
    instance, monkeypatch, patience_seconds, asked
):
    """To take it sooner would cut off the calls that the predecessor lets end."""
    monkeypatch.setattr(booting, "CLAIM_POLL_SECONDS", 0.01)
    ec2 = boto3.client("ec2", region_name="us-east-1")
    claim = {"AllocationId": instance.itself.address_id, "InstanceId": instance.itself.instance_id}
    with Stubber(ec2) as stub:
        for forced in asked[:-1]:
            stub.add_client_error(
                "associate_address", booting.TAKEN, expected_params={**claim, "AllowReassociation": forced}
            )
        stub.add_response(
            "associate_address", {"AssociationId": "eipassoc-1"}, {**claim, "AllowReassociation": asked[-1]}
        )
        claim_address(ec2, instance.itself, patience_seconds=patience_seconds)
        stub.assert_no_pending_responses()


async def test_a_rotation_ends_no_call_and_lets_both_secrets_in(relaying, host, cloud, secret_arn):
    """The door notices some minutes later; until then it issues what was right before."""
    first, second, third = "first" * 8, "second" * 8, "third" * 8
    async with await allocate(host, first) as running:
        rotate(cloud, secret_arn, second)
        within(host, relaying.warden).follow_rotation()
        async with await allocate(host, first), await allocate(host, second) as other:
            channel = await running.bind((PRIVATE, other.relayed[1]))
            back = await other.bind((PRIVATE, running.relayed[1]))
            running.send(b"still here", channel=channel)
            assert (await asyncio.wait_for(other.receive(), PATIENCE_SECONDS))[1] == b"still here"
            assert back

        rotate(cloud, secret_arn, third)
        within(host, relaying.warden).follow_rotation()
        with pytest.raises(AllocationError, match="401"):
            await allocate(host, first)
        async with await allocate(host, third):
            pass


async def test_a_relay_counts_its_allocations_and_what_was_aimed_at_its_host(relaying, host):
    """Both are published; the second wakes somebody."""
    ports = (relaying.settings.relay_ports_first, relaying.settings.relay_ports_last)
    with host.make_socket(socket.AF_INET, socket.SOCK_DGRAM) as service:
        service.bind((PRIVATE, 5000))
        service.settimeout(0.3)
        before = within(host, lambda: (metrics.allocations(*ports), metrics.dropped()))
        async with await allocate(host, "first" * 8) as allocation:
            channel = await allocation.bind((PRIVATE, 5000))
            allocation.send(b"let me in", channel=channel)
            with pytest.raises(TimeoutError):
                await asyncio.to_thread(service.recv, 100)
            after = within(host, lambda: (metrics.allocations(*ports), metrics.dropped()))

    assert after[0] - before[0] == 1
    assert after[1][metrics.STRAYS] > before[1][metrics.STRAYS]


def test_what_a_relay_measures_arrives_where_alarms_look(relaying, host, cloud):
    """What no relay publishes, no alarm can hear."""
    first, last = relaying.settings.relay_ports_first, relaying.settings.relay_ports_last
    values = {metrics.ALLOCATIONS: within(host, lambda: metrics.allocations(first, last))}
    values |= within(host, metrics.dropped)
    metrics.publish(cloud.client("cloudwatch"), relaying.settings.stage, values)

    found = cloud.client("cloudwatch").list_metrics(Namespace=metrics.NAMESPACE)["Metrics"]
    assert {one["MetricName"] for one in found} == {metrics.ALLOCATIONS, metrics.STRAYS, metrics.EXCESS}
    assert all(one["Dimensions"] == [{"Name": metrics.DIMENSION, "Value": "test"}] for one in found)


def test_counters_that_begin_again_are_not_counted_backwards():
    """Rules are loaded anew at each boot."""
    increase = metrics.Increase({metrics.STRAYS: 5})

    assert increase.since({metrics.STRAYS: 7}) == {metrics.STRAYS: 2}
    assert increase.since({metrics.STRAYS: 3}) == {metrics.STRAYS: 3}


@pytest.fixture
def systemctl(monkeypatch, tmp_path):
    """Stands in for systemd, which runs only where it is the first process; returns what it was asked."""
    asked = tmp_path / "asked"
    program = tmp_path / "systemctl"
    program.write_text(f'#!/bin/sh\necho "$@" >> {asked}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return lambda: asked.read_text().splitlines() if asked.exists() else []


class Account:
    """A session of which every client answers as its test says, checked against AWS's service model."""

    def __init__(self) -> None:
        self.clients = {}

    def client(self, service, **_):
        return self.clients[service]

    def expect(self, service, operation, answer, params):
        self.clients[service] = boto3.client(service, region_name="us-east-1")
        stub = Stubber(self.clients[service])
        stub.add_response(operation, answer, params)
        stub.activate()
        return stub


def test_an_instance_that_shall_go_ends_its_relay_first_and_then_lets_itself_be_ended(
    instance, host, systemctl, metadata_service
):
    """systemd waits for the last call; the group must wait for systemd."""
    account = Account()
    completed = account.expect(
        "autoscaling",
        "complete_lifecycle_action",
        {},
        {
            "LifecycleHookName": HOOK,
            "AutoScalingGroupName": "relays",
            "InstanceId": instance.itself.instance_id,
            "LifecycleActionResult": "CONTINUE",
        },
    )
    host.nft((instance.folder / "host.nft").read_text())
    with host.entered():
        keeper = instance.warden()
    keeper.session = account
    assert not keeper.shall_end()

    metadata_service.paths["autoscaling/target-lifecycle-state"] = warden.TERMINATED
    thread = threading.Thread(target=keeper.run)
    thread.start()
    thread.join(PATIENCE_SECONDS)

    assert systemctl() == [f"stop {warden.RELAY_UNIT}"]
    completed.assert_no_pending_responses()


def test_the_stack_is_told_once_that_the_relay_answers(relaying, host, systemctl):
    """The next relay is replaced only then."""
    account = Account()
    signal = account.expect(
        "cloudformation",
        "signal_resource",
        {},
        {
            "StackName": "Hotline-test-Turn",
            "LogicalResourceId": "Relay1",
            "UniqueId": relaying.itself.instance_id,
            "Status": "SUCCESS",
        },
    )
    with host.entered():
        keeper = relaying.warden()
        keeper.watch()
    keeper.session = account
    keeper.tell_stack()
    keeper.tell_stack()

    signal.assert_no_pending_responses()
    assert systemctl() == []


def test_the_stack_is_not_told_of_a_relay_that_is_silent(instance, host):
    """The deployment must stop at it, while the others still take calls."""
    host.ip(f"addr replace {PRIVATE}/32 dev lo")
    host.nft((instance.folder / "host.nft").read_text())
    with host.entered():
        keeper = instance.warden()
        keeper.watch()
    keeper.session = Account()  # any call would fail

    keeper.tell_stack()
    keeper.report()


def test_a_coturn_that_has_hung_is_started_again(instance, host, systemctl):
    """It holds its ports and relays nothing: no restart policy notices."""
    host.ip(f"addr replace {PRIVATE}/32 dev lo")
    host.nft((instance.folder / "host.nft").read_text())
    with host.entered():
        keeper = instance.warden()
        for _ in range(warden.SILENT_REPORTS):
            assert systemctl() == []
            keeper.watch()

    assert systemctl() == [f"kill --signal=KILL {warden.RELAY_UNIT}"]


@pytest.mark.parametrize(
    ("unit", "exposure"), [("relay", 2.0), ("warden", 4.5), ("boot", 4.5), ("certificate", 5.0)]
)
def test_units_are_as_closed_as_systemd_can_tell(unit, exposure):
    """10 is an ordinary service; coturn, which faces the Internet, must stay near nothing."""
    told = subprocess.run(
        [
            "systemd-analyze",
            "security",
            "--offline=yes",
            "--json=short",
            FOLDER / f"units/hotline-{unit}.service",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(told.stdout)
    subprocess.run(
        [
            "systemd-analyze",
            "security",
            "--offline=yes",
            f"--threshold={exposure * 10:.0f}",
            FOLDER / f"units/hotline-{unit}.service",
        ],
        check=True,
        capture_output=True,
    )
