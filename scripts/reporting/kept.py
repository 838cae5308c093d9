"""The page of data: what is kept where, encrypted with what, for how long; and what travels, over what."""

import re
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatch
from typing import Any

from runtime.door.rows import RETENTION_SECONDS
from scripts.reporting.assembly import Assembly, Resource
from scripts.reporting.flows import FLOWS, HOLDS
from scripts.reporting.pages import Cell, Mark, Page, Row, Table, reason, row

DAY_SECONDS = 24 * 3600
RESTORABLE_DAYS = 35
"""How long point-in-time recovery reaches back ("Point-in-time backups", DynamoDB developer guide)."""
QUEUE_DEFAULT_SECONDS = 4 * DAY_SECONDS
"""What a queue keeps messages that does not say (MessageRetentionPeriod, SQS API reference)."""

FOREVER = Cell("for ever", Mark.WILDCARD)
AWS_OWNED = "keys that AWS owns"
IN_TRANSIT = "not kept: handed on"


def page(assembly: Assembly) -> Page:
    """Return the page of data."""
    return Page(
        name="data",
        title="Data",
        about=(
            (
                "Where something is kept, what guards it there and for how long are read from the templates.  What it holds is "
                "from scripts/reporting/flows.py, because no template says; tests hold the code to it (docs/threat-model.md, "
                "“In what is kept”)."
            ),
            (
                "Callers' voices and words are in memory of one microVM for as long as the call, and nowhere else in this "
                "deployment.  What Bedrock, AgentCore and a relay or phone provider keep is theirs to say."
            ),
        ),
        tables=(
            Table(
                name="data-kept",
                title="What is kept",
                columns=("Where", "Kind", "Holds", "Encrypted with", "Kept", "When the stage is destroyed"),
                rows=tuple(_kept(assembly)),
            ),
            Table(
                name="data-flows",
                title="What travels",
                columns=("What", "From", "To", "Over"),
                rows=tuple(_flows(assembly)),
                about="Of the parts that this stage has.",
            ),
            Table(
                name="data-keys",
                title="Keys",
                columns=("Key", "For", "Rotated", "When the stage is destroyed"),
                rows=tuple(_keys(assembly)),
            ),
        ),
    )


def holds(name: str) -> str | None:
    """Return what the store *name* holds, or nothing where nobody says."""
    return next((what for pattern, what in HOLDS.items() if fnmatch(name, pattern)), None)


def logged_fields(assembly: Assembly, group: Resource) -> str:
    """Return what API Gateway writes of each request into the log *group*; nothing for another group."""
    for stage in assembly.resources("ApiGatewayV2::Stage"):
        log = stage.properties.get("AccessLogSettings", {})
        if log and assembly.words(stage.stack, log["DestinationArn"]) == f"{{{group.name}}}":
            return "of each request: " + ", ".join(re.findall(r"\$context\.([\w.]+)", log["Format"]))
    return ""


def stores(assembly: Assembly) -> list[Resource]:
    """Return whatever keeps data."""
    return list(assembly.resources(*_STORES))


def _kept(assembly: Assembly) -> Iterator[Row]:
    for one in stores(assembly):
        key, kept = _STORES[one.kind](assembly, one)
        logged = logged_fields(assembly, one)
        what = f"{logged}, and nothing else" if logged else holds(one.name)
        yield row(one.name, one.kind, reason(what), key, kept, _fate(one))


def _flows(assembly: Assembly) -> Iterator[Row]:
    names = [one.name for one in assembly.resources()]
    for flow in FLOWS:
        if not flow.where or any(fnmatch(name, flow.where) for name in names):
            yield row(flow.what, flow.sender, flow.receiver, flow.over)


def _keys(assembly: Assembly) -> Iterator[Row]:
    for one in assembly.resources("KMS::Key"):
        properties = one.properties
        # A key for seals has nothing to decrypt later, and KMS rotates none.
        seals = str(properties.get("KeySpec", "")).startswith("HMAC")
        turned = "each year" if properties.get("EnableKeyRotation") else "never: HMAC" if seals else "never"
        days = properties.get("PendingWindowInDays", 30)
        yield row(
            one.name,
            properties.get("Description", ""),
            Cell(turned, Mark.WILDCARD if turned == "never" else Mark.NONE),
            f"gone {days} days later" if one.whole.get("DeletionPolicy") == "Delete" else "stays",
        )


def _fate(resource: Resource) -> str:
    protected = resource.properties.get("DeletionProtection") == "ACTIVE"
    policy = resource.whole.get("DeletionPolicy", "Delete")
    if protected or policy.startswith("Retain"):
        return "stays, and is deleted by hand"
    return "is deleted"


def _table(assembly: Assembly, one: Resource) -> tuple[str, str | Cell]:
    properties = one.properties
    key = properties.get("SSESpecification", {}).get("KMSMasterKeyId")
    restorable = properties.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled")
    kept: str | Cell = FOREVER
    if properties.get("TimeToLiveSpecification", {}).get("Enabled"):
        kept = _life(assembly, one)
        if restorable:
            kept += f", and restorable for {RESTORABLE_DAYS} days more"
    return _by(assembly, one.stack, key), kept


def _life(assembly: Assembly, table: Resource) -> str:
    """Return how long a row lives: who writes it says so, and DynamoDB deletes it within days of that."""
    if table.name == "Runtime/Ledger/Table":
        return f"{RETENTION_SECONDS // DAY_SECONDS} days"
    agents = assembly.resources("BedrockAgentCore::Runtime")
    days = next((one.properties["EnvironmentVariables"].get("HOTLINE_CALLBACK_DAYS") for one in agents), None)
    return f"{days} days" if days else "until its time to live"


def _log_group(assembly: Assembly, one: Resource) -> tuple[str, str | Cell]:
    days = one.properties.get("RetentionInDays")
    return _by(assembly, one.stack, one.properties.get("KmsKeyId")), f"{days} days" if days else FOREVER


def _topic(assembly: Assembly, one: Resource) -> tuple[str, str]:
    return _by(assembly, one.stack, one.properties.get("KmsMasterKeyId"), none="nothing"), IN_TRANSIT


def _queue(assembly: Assembly, one: Resource) -> tuple[str, str]:
    seconds = one.properties.get("MessageRetentionPeriod", QUEUE_DEFAULT_SECONDS)
    key = one.properties.get("KmsMasterKeyId")
    none = "keys of SQS" if one.properties.get("SqsManagedSseEnabled", True) else "nothing"
    return _by(assembly, one.stack, key, none=none), f"{seconds // DAY_SECONDS} days"


def _secret(assembly: Assembly, one: Resource) -> tuple[str, str]:
    return _by(
        assembly, one.stack, one.properties.get("KmsKeyId"), none="AWS's key of Secrets Manager"
    ), "until it is rotated"


def _pool(_assembly: Assembly, _one: Resource) -> tuple[str, str]:
    return AWS_OWNED, "until somebody deletes the person"


def _instances(_assembly: Assembly, one: Resource) -> tuple[str | Cell, str]:
    disks = one.properties["LaunchTemplateData"].get("BlockDeviceMappings", ())
    encrypted = bool(disks) and all(disk["Ebs"].get("Encrypted") for disk in disks)
    return "AWS's key of EBS" if encrypted else Cell("nothing", Mark.OPEN), "as long as the instance"


def _bucket(assembly: Assembly, one: Resource) -> tuple[str, str | Cell]:
    rules = one.properties.get("BucketEncryption", {}).get("ServerSideEncryptionConfiguration", ())
    keys = [each["ServerSideEncryptionByDefault"].get("KMSMasterKeyID") for each in rules]
    return _by(assembly, one.stack, next(filter(None, keys), None), none="keys of S3"), FOREVER


def _by(assembly: Assembly, stack: str, key: Any, *, none: str = AWS_OWNED) -> Any:
    if key:
        return assembly.words(stack, key)
    return Cell(none, Mark.OPEN) if none == "nothing" else none


_STORES: Mapping[str, Callable[[Assembly, Resource], tuple[Any, Any]]] = {
    "DynamoDB::Table": _table,
    "Logs::LogGroup": _log_group,
    "SNS::Topic": _topic,
    "SQS::Queue": _queue,
    "SecretsManager::Secret": _secret,
    "Cognito::UserPool": _pool,
    "EC2::LaunchTemplate": _instances,
    "S3::Bucket": _bucket,
}
