"""Rules of cdk-nag's other packs that Hotline deliberately does not follow, each with the reason, in one place.

AwsSolutions' findings have theirs on the construct that they excuse (stacks/parts/acknowledge.py), and fail a synthesis
without one.  The packs of regulations map controls to settings; what is not followed here is open in them until whoever
answers for the regulation takes the reason.  A finding that no line here is about is reported as open.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """A rule that is not followed somewhere, and why."""

    rule: str
    """Without the name of the pack before it."""
    where: tuple[str, ...]
    """Patterns of the names of resources."""
    reason: str

    def covers(self, rule: str, resource: str) -> bool:
        """Say whether this is about *rule*'s finding at *resource*."""
        return self.rule == rule and any(fnmatch(resource, one) for one in self.where)


FUNCTIONS = ("Door/*/Function",)

DEVIATIONS: Sequence[Deviation] = (
    Deviation(
        rule="ALBWAFEnabled",
        where=("Bridge/Front/Balancer",),
        reason="A stream is one request, of whose messages a web ACL sees none; who does not show a ticket within five "
        "seconds is cut off, and a task takes only so many.",
    ),
    Deviation(
        rule="CloudWatchLogGroupEncrypted",
        where=("*/Logs", "Door/Api/AccessLogs", "Network/Network/Flows"),
        reason="With keys of AWS, as this stage says (monitoring.log_key; prod has a key of its own).",
    ),
    Deviation(
        rule="DynamoDBInBackupPlan",
        where=("Runtime/Ledger/Table",),
        reason="Point-in-time recovery restores it to any second of 35 days, which is longer than a row lives.",
    ),
    Deviation(
        rule="DynamoDBInBackupPlan",
        where=("Runtime/Orders/Table",),
        reason="Five invented orders that a deployment writes: nothing to recover.",
    ),
    Deviation(
        rule="DynamoDBInBackupPlan",
        where=("Runtime/Callbacks/Table",),
        reason="A backup would keep the numbers of callers who were promised to be forgotten.",
    ),
    Deviation(
        rule="DynamoDBPITREnabled",
        where=("Runtime/Orders/Table",),
        reason="Five invented orders that a deployment writes: nothing to recover.",
    ),
    Deviation(
        rule="DynamoDBPITREnabled",
        where=("Runtime/Callbacks/Table",),
        reason="A backup would keep the numbers of callers who were promised to be forgotten.",
    ),
    Deviation(
        rule="ELBDeletionProtectionEnabled",
        where=("Bridge/Front/Balancer",),
        reason="It holds nothing, and protection would keep a stage from being destroyed.",
    ),
    Deviation(
        rule="ELBLoggingEnabled",
        where=("Bridge/Front/Balancer",),
        reason="The bridge logs each stream with its session; an access log would add the providers' addresses and "
        "scanners, in a bucket that outlives the stack.",
    ),
    Deviation(
        rule="IAMNoInlinePolicy",
        where=("*/Role", "*/Role/DefaultPolicy", "*/FlowsRole/DefaultPolicy", "Bridge/Roles/*/DefaultPolicy"),
        reason="Each policy belongs to one role, is written and deleted with it, and is attached to nothing else; a "
        "managed policy could be attached to anybody.",
    ),
    Deviation(
        rule="LambdaAsyncFailureDestination",
        where=("Door/Reaper/Reaper/Function/EventInvokeConfig",),
        reason="A run of the reaper that fails goes to its dead-letter queue, the alarm ReaperFailing tells of it, and the "
        "next minute brings the next run.",
    ),
    Deviation(
        rule="LambdaConcurrency",
        where=("Door/Budget/Switch/Function",),
        reason="Never reserved: Budgets tells once a month that it is spent, and what was throttled is delivered again.",
    ),
    Deviation(
        rule="LambdaConcurrency",
        where=FUNCTIONS,
        reason="New accounts may run few functions at once, of which none may be reserved, so reserving is a knob "
        "(door.reserved_concurrency, page.reserved_concurrency; prod sets both). Throttles bound every route.",
    ),
    Deviation(
        rule="LambdaDLQ",
        where=("Door/Requests/Function", "Door/PageFiles/Function", "Door/Guests/*", "Door/Telephony/*"),
        reason="Invoked by API Gateway, which waits for the answer: the caller is told of a failure, and nothing is queued.",
    ),
    Deviation(
        rule="LambdaDLQ",
        where=("Door/Budget/Switch/Function",),
        reason="Lambda tries twice more; then the alarm BudgetSwitchFailing calls somebody, whose runbook closes the door "
        "by hand. A queue would hold the notice until then, and nobody would look into it.",
    ),
    Deviation(
        rule="LambdaInsideVPC",
        where=FUNCTIONS,
        reason="They call AWS's APIs over TLS with their roles and nothing inside the VPC; in it, each would gain a way to "
        "what is there.",
    ),
    Deviation(
        rule="LambdaLatestVersion",
        where=FUNCTIONS,
        reason="Python 3.13, supported until 2029, is what the layers' byte-code is compiled for.",
    ),
    Deviation(
        rule="LambdaTracing",
        where=FUNCTIONS,
        reason="Each request is logged with its id, its times and the session; traces would be one more copy of who did "
        "what when, and need a right on everything.",
    ),
    Deviation(
        rule="SNSRedrivePolicy",
        where=("Monitoring/Alarms/Topic/*", "Billing/Alarms/Topic/*", "Runtime/Callbacks/Topic/*"),
        reason="SNS takes no dead-letter queue for mail's bounces: a mail that it handed over counts as delivered.",
    ),
    Deviation(
        rule="SNSRedrivePolicy",
        where=("Billing/Spent/Switch",),
        reason="SNS calls the function for 23 days until it takes the message; the budget's mail comes in any case.",
    ),
    Deviation(
        rule="SQSRedrivePolicy",
        where=("Door/Reaper/Failures",),
        reason="This is the dead-letter queue.",
    ),
    Deviation(
        rule="SecretsManagerRotationEnabled",
        where=("Turn/Coturn/SharedSecret",),
        reason="Rotated by hand (docs/decisions/relay-secret-in-memory.md), which needs no function that could read it.",
    ),
    Deviation(
        rule="VPCDefaultSecurityGroupClosed",
        where=("Network/Network/Vpc",),
        reason="The rule looks for the CDK's Lambda function. A State Manager association empties the group at once and "
        "every day (docs/decisions/default-security-group.md).",
    ),
    Deviation(
        rule="VPCNoUnrestrictedRouteToIGW",
        where=("Network/Network/Vpc/PublicSubnet*/DefaultRoute",),
        reason="The way out of the NAT gateways and of the relays, the only things in these subnets; the agent's subnets "
        "have no route to the internet gateway.",
    ),
    Deviation(
        rule="WAFv2LoggingEnabled",
        where=("Edge/WebAcl/WebAcl",),
        reason="Its log would hold callers' addresses and whole queries, codes of sign-ins among them; metrics count what "
        "each rule blocked.",
    ),
)
