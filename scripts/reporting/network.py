"""The page of the network: who can reach what, on which port, and by which way."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from scripts.reporting.assembly import Assembly, Resource
from scripts.reporting.entries import entries
from scripts.reporting.findings import Finding, why
from scripts.reporting.pages import NOT_EXPLAINED, Cell, Mark, Page, Row, Table, row

ANYWHERE = ("0.0.0.0/0", "::/0")
_PEERS = ("CidrIp", "CidrIpv6", "SourceSecurityGroupId", "DestinationSecurityGroupId", "SourcePrefixListId", "DestinationPrefixListId")  # fmt: skip


def page(assembly: Assembly, findings: Sequence[Finding]) -> Page:
    """Return the page of the network."""
    return Page(
        name="network",
        title="Network",
        about=(
            (
                "The agent has no way in: its calls begin with requests that AgentCore hands it, and its media goes out to "
                "relays.  What strangers can open a connection to is in the first two tables, with what stands before it; "
                "who passes is in docs/threat-model.md."
            ),
        ),
        tables=(
            _table(
                "entries",
                "What the internet can reach",
                ("What", "How", "What stands before it"),
                entries(assembly, findings),
            ),
            _table(
                "group-rules",
                "Rules of security groups",
                ("Group", "What for", "Direction", "Protocol, ports", "Peer", "Says"),
                _rules(assembly, findings),
                "What no rule lets in or out is refused. The VPC's default group, which nothing uses, is emptied at once and "
                "every day.",
            ),
            _table(
                "subnets",
                "Subnets and their ways out",
                ("Subnet", "Range", "Zone", "Default route", "Gives public addresses"),
                _subnets(assembly),
                "No network ACL is changed: the VPC's own lets everything pass, and the groups above decide.",
            ),
            _table(
                "addresses",
                "Public addresses, gateways, balancers and private endpoints",
                ("What", "Kind", "About"),
                _ways(assembly),
            ),
        ),
    )


def _table(name: str, title: str, columns: tuple[str, ...], rows: Iterator[Row], about: str = "") -> Table:
    return Table(name=f"network-{name}", title=title, columns=columns, rows=tuple(rows), about=about)


def _rules(assembly: Assembly, findings: Sequence[Finding]) -> Iterator[Row]:
    about = {
        group.name: group.properties.get("GroupDescription", "")
        for group in assembly.resources("EC2::SecurityGroup")
    }
    for group in assembly.resources("EC2::SecurityGroup"):
        for direction in ("Ingress", "Egress"):
            for rule in group.properties.get(f"SecurityGroup{direction}", ()):
                because = why("EC23", group.name, findings)
                yield _rule(assembly, group.stack, (group.name, about[group.name], direction), rule, because)
        entered = {_group(assembly, one) for one in assembly.resources("EC2::SecurityGroupIngress")}
        if not group.properties.get("SecurityGroupIngress") and group.name not in entered:
            yield row(group.name, about[group.name], "in", "none", "nobody", "")
    for direction in ("Ingress", "Egress"):
        for one in assembly.resources(f"EC2::SecurityGroup{direction}"):
            name = _group(assembly, one)
            because = why("EC23", name, findings)
            yield _rule(assembly, one.stack, (name, about.get(name, ""), direction), one.properties, because)


def _group(assembly: Assembly, rule: Resource) -> str:
    return assembly.words(rule.stack, rule.properties["GroupId"]).removesuffix(".GroupId").strip("{}")


def _rule(
    assembly: Assembly,
    stack: str,
    about: tuple[str, str, str],
    rule: Mapping[str, Any],
    because: str | None,
) -> Row:
    group, what, direction = about
    peer = next(assembly.words(stack, rule[one]) for one in _PEERS if one in rule)
    into, says = direction == "Ingress", rule.get("Description", "")
    if into and peer in ANYWHERE:
        return row(
            group, what, "in", _ports(rule), Cell(peer, Mark.WILDCARD), f"{says}. {because or NOT_EXPLAINED}"
        )
    return row(group, what, "in" if into else "out", _ports(rule), peer.removesuffix(".GroupId"), says)


def _ports(rule: Mapping[str, Any]) -> str:
    protocol = str(rule["IpProtocol"]).upper()
    if protocol == "-1":
        return "everything"
    first, last = rule.get("FromPort"), rule.get("ToPort")
    return f"{protocol} {first}" if first == last else f"{protocol} {first} to {last}"


def _subnets(assembly: Assembly) -> Iterator[Row]:
    for one in assembly.resources("EC2::Subnet"):
        properties = one.properties
        routes = [
            _target(assembly, route)
            for route in assembly.resources("EC2::Route")
            if route.name.startswith(f"{one.name.removesuffix('/Subnet')}/")
        ]
        public = properties.get("MapPublicIpOnLaunch", False)
        yield row(
            one.name,
            assembly.words(one.stack, properties["CidrBlock"]),
            str(properties.get("AvailabilityZoneId", properties.get("AvailabilityZone", ""))),
            ", ".join(routes) or "none",
            Cell("yes", Mark.WILDCARD) if public else Cell("no"),
        )


def _target(assembly: Assembly, route: Resource) -> str:
    properties = route.properties
    by = next(properties[one] for one in ("NatGatewayId", "GatewayId") if one in properties)
    return f"{properties['DestinationCidrBlock']} by {assembly.words(route.stack, by)}"


def _ways(assembly: Assembly) -> Iterator[Row]:
    for one in assembly.resources("EC2::EIP"):
        yield row(one.name, "public address", "")
    for one in assembly.resources("EC2::NatGateway"):
        yield row(one.name, "NAT gateway", "only what begins inside comes back")
    for one in assembly.resources("EC2::LaunchTemplate"):
        for interface in one.properties["LaunchTemplateData"].get("NetworkInterfaces", ()):
            public = interface.get("AssociatePublicIpAddress", False)
            yield row(
                one.name,
                "network interface of instances",
                Cell("public address", Mark.WILDCARD) if public else Cell("private"),
            )
    for one in assembly.resources("ElasticLoadBalancingV2::LoadBalancer"):
        scheme = one.properties["Scheme"]
        yield row(
            one.name,
            "load balancer",
            Cell(scheme, Mark.WILDCARD if scheme == "internet-facing" else Mark.NONE),
        )
    for one in assembly.resources("ECS::Service"):
        network = one.properties["NetworkConfiguration"]["AwsvpcConfiguration"]
        yield row(one.name, "tasks", f"public address {network['AssignPublicIp'].lower()}")
    for one in assembly.resources("EC2::VPCEndpoint"):
        service = assembly.words(one.stack, one.properties["ServiceName"])
        limits = (
            "a policy of its own"
            if "PolicyDocument" in one.properties
            else "no policy but those of the roles"
        )
        kind = one.properties.get("VpcEndpointType", "Gateway").lower()
        yield row(one.name, f"{kind} endpoint", f"{service}; {limits}")
