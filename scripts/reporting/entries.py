"""What strangers can open a connection to, and what stands before it."""

from collections.abc import Iterator, Sequence

from scripts.reporting.assembly import Assembly, Resource
from scripts.reporting.findings import Finding, why
from scripts.reporting.pages import NOT_EXPLAINED, Cell, Mark, Row, row

HTTPS = "TCP 443, TLS"


def entries(assembly: Assembly, findings: Sequence[Finding]) -> Iterator[Row]:
    """Go through the addresses that the internet can reach."""
    for one in assembly.resources("CloudFront::Distribution"):
        config = one.properties["DistributionConfig"]
        tls = config.get("ViewerCertificate", {}).get(
            "MinimumProtocolVersion", "CloudFront's own, from TLSv1"
        )
        policies = {
            each["ViewerProtocolPolicy"]
            for each in (config["DefaultCacheBehavior"], *config.get("CacheBehaviors", ()))
        }
        acl = assembly.words(one.stack, config["WebACLId"]) if "WebACLId" in config else "no web ACL"
        yield row(one.name, f"TCP 443, {', '.join(sorted(policies))}, {tls}", acl)
    for one in assembly.resources("ApiGatewayV2::Stage"):
        default = one.properties.get("DefaultRouteSettings", {})
        rate, burst = default.get("ThrottlingRateLimit"), default.get("ThrottlingBurstLimit")
        yield row(
            one.name, HTTPS, f"what each route below asks for; {rate} requests a second, bursts of {burst}"
        )
    for one in assembly.resources("ApiGatewayV2::Route"):
        yield _route(assembly, one, why("APIG4", one.name, findings))
    for one in assembly.resources("ElasticLoadBalancingV2::Listener"):
        about = f"{one.properties['Protocol']} {one.properties['Port']}, {one.properties.get('SslPolicy', 'no TLS')}"
        yield row(one.name, f"TCP {one.properties['Port']}", about)
    for one in assembly.resources("Cognito::UserPoolDomain"):
        yield row(one.name, HTTPS, "the user pool's own sign-in")
    for one in assembly.resources("BedrockAgentCore::Runtime"):
        guard = (
            "an authorizer of its own"
            if "AuthorizerConfiguration" in one.properties
            else "IAM: signed requests alone"
        )
        yield row(f"{one.name}, at AgentCore's endpoint", HTTPS, guard)


def _route(assembly: Assembly, route: Resource, open_because: str | None) -> Row:
    properties = route.properties
    kind = properties.get("AuthorizationType", "NONE")
    who = kind
    if "AuthorizerId" in properties:
        who = f"{kind}: {assembly.words(route.stack, properties['AuthorizerId']).strip('{}')}"
    if scopes := properties.get("AuthorizationScopes"):
        who = f"{who}, scope {assembly.words(route.stack, scopes)}"
    if kind == "NONE":
        return row(properties["RouteKey"], HTTPS, _open_to_all(open_because))
    return row(properties["RouteKey"], HTTPS, who)


def _open_to_all(because: str | None) -> Cell:
    return Cell(f"everybody: {because or NOT_EXPLAINED}", Mark.WILDCARD if because else Mark.OPEN)
