"""What the report says of the network and of data."""

import re
from fnmatch import fnmatch

import pytest

from scripts.reporting import kept, network
from scripts.reporting.flows import FLOWS, HOLDS
from scripts.reporting.pages import NOT_EXPLAINED, Mark, Page, Row
from tests.scripts.reporting.stages import ALL, assembly_of, report_of, with_resource
from tests.stacks.deployment import STAGES


def rows(page: Page, table: str) -> list[Row]:
    return [row for one in page.tables if one.name == table for row in one.rows]


def texts(found: list[Row]) -> list[tuple[str, ...]]:
    return [tuple(cell.text for cell in row) for row in found]


def network_of(stage: str, overrides: str = "", **surprise) -> Page:
    assembly = assembly_of(stage, overrides)
    if surprise:
        assembly = with_resource(assembly, "Door", surprise["kind"], surprise["properties"])
    return network.page(assembly, report_of(stage, overrides).findings)


@pytest.mark.parametrize("stage", STAGES)
def test_nobody_reaches_the_agent(stage):
    rules = texts(rows(network_of(stage), "network-group-rules"))
    agent = [one for one in rules if one[0] == "Network/AgentGroup"]

    assert [one[3:5] for one in agent if one[2] == "in"] == [("none", "nobody")]
    assert {one[3] for one in agent if one[2] == "out"} >= {"TCP 443", "UDP 443"}


def test_relays_are_reached_from_everywhere_and_it_says_why():
    rules = rows(network_of("coturn"), "network-group-rules")
    entries = [row for row in rules if row[2].text == "in" and row[4].mark is Mark.WILDCARD]

    assert {row[3].text for row in entries} >= {"UDP 443", "TCP 443", "UDP 3478", "TCP 3478"}
    assert all("Callers are anywhere" in row[5].text for row in entries)


def test_a_rule_that_lets_the_internet_in_stands_out():
    """Whoever adds one for a minute, and forgets it, sees it here."""
    group = {
        "GroupDescription": "for a minute",
        "SecurityGroupIngress": [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "0.0.0.0/0"}],
    }
    page = network_of("prod", kind="EC2::SecurityGroup", properties=group)
    (found,) = [row for row in rows(page, "network-group-rules") if row[3].text == "TCP 22"]

    assert found[4].mark is Mark.WILDCARD
    assert NOT_EXPLAINED in found[5].text


@pytest.mark.parametrize("stage", STAGES)
def test_each_route_names_who_may_take_it(stage):
    entries = texts(rows(network_of(stage), "network-entries"))
    asked = {
        route: who for route, _, who in entries if route.split(" ")[0] in {"GET", "POST", "DELETE", "PATCH"}
    }

    assert asked["POST /sessions"].startswith("JWT: ")
    assert {route for route, who in asked.items() if who.startswith("everybody")} == {
        "GET /",
        "GET /page/config.json",
        "GET /page/{version}/{file}",
    }


def test_a_route_for_everybody_that_nobody_explains_is_open():
    route = {"RouteKey": "GET /debug", "AuthorizationType": "NONE"}
    page = network_of("prod", kind="ApiGatewayV2::Route", properties=route)
    (found,) = [row for row in rows(page, "network-entries") if row[0].text == "GET /debug"]

    assert found[2].mark is Mark.OPEN


def test_the_agents_subnets_lead_out_through_nat_gateways():
    subnets = texts(rows(network_of("prod"), "network-subnets"))

    for name, _, _, way, public in subnets:
        assert ("NATGateway" in way) == ("AgentSubnet" in name)
        assert public == "no"


@pytest.mark.parametrize(("stage", "overrides"), ALL)
def test_it_is_known_what_everything_that_keeps_data_holds(stage, overrides):
    """And nothing is kept in the clear."""
    page = kept.page(assembly_of(stage, overrides))

    assert [row for row in rows(page, "data-kept") if any(cell.mark is Mark.OPEN for cell in row)] == []


def test_nothing_is_said_of_what_is_not_there():
    names = {
        one.name
        for stage in ALL
        for one in kept.stores(assembly_of(*stage))
        if not kept.logged_fields(assembly_of(*stage), one)
    }
    everything = {one.name for stage in ALL for one in assembly_of(*stage).resources()}

    assert {next(each for each in HOLDS if fnmatch(name, each)) for name in names} == set(HOLDS)
    for flow in FLOWS:
        assert not flow.where or any(fnmatch(name, flow.where) for name in everything), flow.what


def test_retention_and_keys_are_read_from_the_template():
    found = {name: rest for name, *rest in texts(rows(kept.page(assembly_of("prod")), "data-kept"))}

    assert found["Runtime/Ledger/Table"][2:4] == [
        "keys that AWS owns",
        "30 days, and restorable for 35 days more",
    ]
    assert found["Network/Network/Flows"][3] == "365 days"
    assert found["Monitoring/Alarms/Topic"][2] == "{Monitoring/Alarms/Key}"
    assert found["Door/Callers/Pool"][4] == "stays, and is deleted by hand"


def test_what_is_logged_of_a_request_is_read_from_the_template():
    """The line that would tell who called, or a way in, is one variable long."""
    (found,) = [
        row
        for row in rows(kept.page(assembly_of("prod")), "data-kept")
        if row[0].text == "Door/Api/AccessLogs"
    ]

    assert "status" in found[2].text
    assert not {"identity.sourceIp", "path", "authorizer.claims.sub"} & set(
        re.findall(r"[\w.]+", found[2].text)
    )


@pytest.mark.parametrize(
    ("kind", "properties", "column"),
    [
        ("SNS::Topic", {}, 3),
        ("SQS::Queue", {"SqsManagedSseEnabled": False}, 3),
        (
            "EC2::LaunchTemplate",
            {"LaunchTemplateData": {"BlockDeviceMappings": [{"Ebs": {"Encrypted": False}}]}},
            3,
        ),
        ("Logs::LogGroup", {}, 4),
        ("DynamoDB::Table", {}, 4),
    ],
)
def test_what_is_in_the_clear_or_for_ever_stands_out(kind, properties, column):
    page = kept.page(with_resource(assembly_of("prod"), "Door", kind, properties))
    (found,) = [row for row in rows(page, "data-kept") if row[0].text == "Door/Surprise"]

    assert found[column].mark is not Mark.NONE
    assert found[2].text == NOT_EXPLAINED


def test_flows_are_those_of_the_stage():
    managed, own = (texts(rows(kept.page(assembly_of(one)), "data-flows")) for one in ("prod", "coturn"))

    assert any("Kinesis" in receiver for _, _, receiver, _ in managed)
    assert not any("Kinesis" in receiver for _, _, receiver, _ in own)
    assert not any("number" in what for what, *_ in managed if "order" not in what)
