"""Why a pattern stands in a policy where a name could.

What cdk-nag finds has its reason on the construct (stacks/parts/acknowledge.py).  Here is what it does not look at,
resource policies and conditions, and what deserves a reason of its own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch

from scripts.commands.check import NAG_PACK
from scripts.reporting.findings import Finding
from scripts.reporting.statements import Statement, shape

_IAM5 = "IAM5[Resource::"
_WITH_THE_LOGS_KEY = ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey[*]", "kms:ReEncrypt[*]")


@dataclass(frozen=True, slots=True)
class Wildcard:
    """A pattern that is allowed, and why."""

    pattern: str
    """Of the pattern; `[*]` is an asterisk itself."""
    actions: tuple[str, ...]
    reason: str
    holder: str = "*"
    """Pattern of the name of the role, or of the resource that the policy is of."""

    def covers(self, holder: str, wildcard: str, action: str) -> bool:
        """Say whether this is about *action* on *wildcard* in a policy of *holder*."""
        ours = fnmatch(holder, self.holder) and fnmatch(wildcard, self.pattern)
        return ours and any(fnmatch(action, one) for one in self.actions)


WILDCARDS: Sequence[Wildcard] = (
    Wildcard("[*]", ("cloudwatch:PutMetricData",), "The action names no resource; a condition leaves one namespace."),
    Wildcard("[*]", ("route53:ListHostedZones",), "The action names no resource; it tells names of zones."),
    Wildcard("kms:[*]", ("kms:[*]",), "Given to the account, not to anybody in it: without it, nobody could ever change the key "
             '("Default key policy", AWS KMS developer guide).'),
    Wildcard("kms:GenerateDataKey[*]", ("kms:GenerateDataKey[*]",), "One action in its forms with and without plaintext, for the services "
             "and on the conditions beside it."),
    Wildcard("kms:ReEncrypt[*]", ("kms:ReEncrypt[*]",), "One action in its two halves, through Secrets Manager or CloudWatch Logs alone."),
    Wildcard("*execute-api*", ("lambda:InvokeFunction",), "Any stage and method of this API's one route, of which the function serves "
             "those that the API has."),
    Wildcard("*:runtime/hotline_*", ("sts:AssumeRole",), "AgentCore puts an id behind the runtime's name, which it makes up after it has "
             "this role."),
    Wildcard("[*]", _WITH_THE_LOGS_KEY, "Anybody of this account whom CloudWatch Logs lets write or read a log, through it alone, as the "
             "conditions say; without it, each role's policy would have to name the key.", "LogKey/Key"),
    Wildcard("ArnLike: kms:EncryptionContext:aws:logs:arn = *", _WITH_THE_LOGS_KEY, "This stage's own log groups: CloudFormation and AgentCore "
             "end their names with what they make up after there is a key.", "LogKey/Key"),
)  # fmt: skip


def why(statement: Statement, findings: Sequence[Finding]) -> str | None:
    """Return the reasons of every pattern in *statement*, or nothing when one of them has none."""
    reasons = [
        _reason(statement, wildcard, action, findings)
        for wildcard in statement.wildcards
        for action in statement.actions
        # A pattern of actions is about itself; one of anything else is about every action.
        if wildcard == action or wildcard not in statement.actions
    ]
    if None in reasons:
        return None
    return "\n".join(dict.fromkeys(filter(None, reasons)))


def _reason(statement: Statement, wildcard: str, action: str, findings: Sequence[Finding]) -> str | None:
    ours = (one.reason for one in WILDCARDS if one.covers(statement.holder, wildcard, action))
    return next(ours, None) or next(_acknowledged(statement, wildcard, findings), None)


def _acknowledged(statement: Statement, wildcard: str, findings: Sequence[Finding]) -> Iterator[str]:
    for one in findings:
        arn = one.rule.removeprefix(_IAM5).removesuffix("]")
        ours = one.resource == statement.holder or one.resource.startswith(f"{statement.holder}/")
        if one.pack == NAG_PACK and arn != one.rule and ours and one.reason and shape(arn) == shape(wildcard):
            yield one.reason
