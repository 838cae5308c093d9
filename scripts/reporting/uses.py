"""Why each right is given, and which call uses it, in one place beside the templates that give it.

A statement of a shipped stage without a line here or in what is put together here, and a line that no statement needs,
fail a test.
"""

from collections.abc import Sequence

from scripts.reporting.call_uses import CALL_USES
from scripts.reporting.door_uses import DOOR_USES
from scripts.reporting.statements import RESOURCE, TRUST
from scripts.reporting.use import Use

_OTHERS = (
    Use(TRUST, "*", ("sts:AssumeRole",), "the one service that works in the role's name", "whenever it does"),
    Use(
        RESOURCE, "*/Key", ("kms:*",), "the account decides who of its own may use and change the key", "IAM"
    ),
    Use(
        RESOURCE,
        "Door/Guests/Seals",
        ("kms:*",),
        "the account decides who of its own may use and change the key",
        "IAM",
    ),
    Use(
        RESOURCE,
        "Door/Telephony/Callers",
        ("kms:*",),
        "the account decides who of its own may use and change the key",
        "IAM",
    ),
    Use(
        RESOURCE,
        "*/Alarms/Key",
        ("kms:Decrypt", "kms:GenerateDataKey*"),
        "AWS's services encrypt the alarms that they send",
        "an alarm",
    ),
    Use(
        RESOURCE,
        "LogKey/Key",
        ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"),
        "CloudWatch Logs encrypts this stage's logs, by itself and for whoever may write or read them",
        "every line that is logged or read",
    ),
    Use(
        RESOURCE,
        "Turn/Coturn/Key",
        (
            "kms:CreateGrant",
            "kms:Decrypt",
            "kms:DescribeKey",
            "kms:Encrypt",
            "kms:GenerateDataKey*",
            "kms:ReEncrypt*",
        ),
        "Secrets Manager encrypts the relays' secret",
        "deployment, and reads of it",
    ),
    Use(
        RESOURCE,
        "*/Topic",
        ("sns:Publish",),
        "AWS's services say that something is wrong, or the budget spent",
        "an alarm",
    ),
    Use(
        RESOURCE,
        "*/Topic",
        ("sns:Publish",),
        "nothing is published without TLS",
        "every message",
        effect="Deny",
    ),
    Use(
        RESOURCE,
        "Door/Reaper/Failures",
        ("sqs:*",),
        "nothing is asked without TLS",
        "every request",
        effect="Deny",
    ),
    Use(
        RESOURCE,
        "Door/Budget/Switch/Function",
        ("lambda:InvokeFunction",),
        "the budget's topic, and no other",
        "the budget is spent",
    ),
    Use(
        RESOURCE,
        "Door/*",
        ("lambda:InvokeFunction",),
        "the routes of this API, and no other",
        "every request",
    ),
)
USES: Sequence[Use] = (*DOOR_USES, *CALL_USES, *_OTHERS)
"""The first that is about a right counts."""
