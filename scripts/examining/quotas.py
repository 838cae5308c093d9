"""Looks at what the account may use, beside what the stage needs of it.

Codes and names: the quota pages of AgentCore, EC2, Amazon VPC and Lambda (docs/first-deployment.md says which); Bedrock's has
a name and no code that AWS documents.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from scripts.deploying.asking import Right, UnansweredError
from scripts.examining import rights
from scripts.examining.examined import Examined
from scripts.examining.findings import Check, Finding, fine, unknown, wrong
from stacks.config import CascadeConfig, CoturnConfig, DeploymentConfig, SonicConfig

KEPT_UNRESERVED = 100
"""Executions that no reservation may take (PutFunctionConcurrency, Lambda API reference)."""

MODEL_NAMES = {"amazon.nova-2-5-sonic": "Nova 2.5 Sonic", "amazon.nova-2-sonic-v1:0": "Nova 2 Sonic"}
"""As they stand in the names of Bedrock's quotas; AWS has not documented that of 2.5."""

_NO_SUCH_QUOTA = "NoSuchResourceException"


@dataclass(frozen=True, slots=True)
class Quota:
    """One quota of Service Quotas."""

    name: str
    service: str
    code: str
    need: int
    follows: str


def checks(stage: Examined) -> Iterator[Check]:
    """List what is looked at."""
    config = stage.config
    calls = config.door.concurrency
    if isinstance(config.runtime.brain, CascadeConfig):
        yield Check("Transcribe: streams at once", partial(_transcribe_streams, stage))
    else:
        yield Check("Bedrock: streams at once", partial(_streams, stage, config.runtime.brain))
    sessions = Quota(
        "AgentCore: sessions at once",
        "bedrock-agentcore",
        "L-3E5722B2",
        calls,
        "callers beyond it get no agent",
    )
    yield Check(sessions.name, partial(compare, stage, sessions))
    agents = Quota("AgentCore: agents", "bedrock-agentcore", "L-F4575653", 1, "the Runtime stack fails")
    yield Check(agents.name, partial(_agents, stage, agents))
    addresses = Quota(
        "EC2: Elastic IP addresses", "ec2", "L-0263D0A3", addresses_needed(config), "a stack fails half way"
    )
    yield Check(addresses.name, partial(_addresses, stage, addresses))
    networks = Quota("VPC: VPCs in the Region", "vpc", "L-F678F1CE", 1, "the Network stack fails")
    yield Check(networks.name, partial(_networks, stage, networks))
    yield Check("Lambda: executions to reserve", partial(_reservations, stage))


def addresses_needed(config: DeploymentConfig) -> int:
    """Return how many Elastic IP addresses the stage's NAT gateways and relays have."""
    gateways = len(config.network.availability_zone_ids) if config.network.nat_gateways == "per_zone" else 1
    relays = config.turn.first(CoturnConfig)
    return gateways + (relays.relays if relays else 0)


def reserved(config: DeploymentConfig) -> int:
    """Return how many executions the stage's functions keep for themselves."""
    page = config.page.reserved_concurrency if config.page.enabled else 0
    phones = config.telephony.reserved_concurrency if config.telephony else 0
    # The reaper runs alone, and keeps that one place where the door keeps any.
    reaper = 1 if config.door.reserved_concurrency else 0
    return config.door.reserved_concurrency + reaper + page + phones


def _transcribe_streams(stage: Examined) -> Finding:
    """Compare with the quota of WebSockets, or else with the smallest of those of streams."""
    listed = [
        *stage.asking.ask_all(rights.QUOTAS, "Quotas", ServiceCode="transcribe"),
        *stage.asking.ask_all(rights.DEFAULT_QUOTAS, "Quotas", ServiceCode="transcribe"),
    ]
    streams = [one for one in listed if "stream" in one["QuotaName"].lower()]
    sockets = [one for one in streams if "websocket" in one["QuotaName"].lower()]
    # What the account has is listed before AWS's default of the same quota.
    quota = next(iter(sockets), None) or min(streams, key=lambda one: one["Value"], default=None)
    return _judged(quota, stage.config.door.concurrency, "streams of Transcribe")


def _streams(stage: Examined, brain: SonicConfig) -> Finding:
    """Compare with the quota that is the model's, or else with the smallest of its family."""
    model = MODEL_NAMES[brain.model_id]
    listed = stage.asking.ask_all(rights.QUOTAS, "Quotas", ServiceCode="bedrock")
    quota = _of_model(listed, model) or _of_model(
        stage.asking.ask_all(rights.DEFAULT_QUOTAS, "Quotas", ServiceCode="bedrock"), model
    )
    return _judged(quota, stage.config.door.concurrency, "Sonic")


def _judged(quota: Any, need: int, what: str) -> Finding:
    if quota is None:
        return unknown(
            f"Service Quotas lists none for {what}; {need} are needed",
            do="ask AWS Support what the account has before callers find out",
        )
    found = f"{quota['Value']:g} of {need} needed ({quota['QuotaName']})"
    if quota["Value"] >= need:
        return fine(found)
    return wrong(
        found,
        follows="no call is answered"
        if quota["Value"] < 1
        else "callers beyond it hear a call that breaks off",
        do="ask for more in a support case" + _until_then(int(quota["Value"])),
    )


def _until_then(allowed: int) -> str:
    return f", and set door.concurrency to {allowed} until then" if allowed else ""


def _of_model(quotas: Sequence[Any], model: str) -> Any:
    sonic = [
        one for one in quotas if "Sonic" in one["QuotaName"] and "concurrent" in one["QuotaName"].lower()
    ]
    # Nova Sonic of before has one of its own, and nobody calls it any more.
    for part in (model, "Nova 2", "Sonic"):
        if of_it := [one for one in sonic if part in one["QuotaName"]]:
            return min(of_it, key=lambda one: one["Value"])
    return None


def _agents(stage: Examined, quota: Quota) -> Finding:
    held = stage.has("AWS::BedrockAgentCore::Runtime")
    return compare(stage, quota, elsewhere=len(stage.asking.ask_all(rights.AGENTS, "agentRuntimes")) - held)


def _addresses(stage: Examined, quota: Quota) -> Finding:
    taken = len(stage.asking.ask_all(rights.ADDRESSES, "Addresses"))
    return compare(stage, quota, elsewhere=taken - stage.has("AWS::EC2::EIP"))


def _networks(stage: Examined, quota: Quota) -> Finding:
    taken = len(stage.asking.ask_all(rights.VPCS, "Vpcs"))
    return compare(stage, quota, elsewhere=taken - stage.has("AWS::EC2::VPC"))


def compare(stage: Examined, quota: Quota, elsewhere: int = 0) -> Finding:
    """Compare a quota with the need, and with what others in the account have of it."""
    try:
        allowed = _value(stage, quota)
    except UnansweredError as fault:
        return unknown(f"{fault}; {quota.need} needed, {elsewhere} in use by others")
    found = f"{allowed:g} allowed, {elsewhere} in use by others, {quota.need} needed"
    if allowed - elsewhere >= quota.need:
        return fine(found)
    words = ("request-service-quota-increase", "--service-code", quota.service, "--quota-code", quota.code)
    more = elsewhere + quota.need
    return wrong(
        found, follows=quota.follows, do=f"`aws service-quotas {' '.join(words)} --desired-value {more}`"
    )


def _value(stage: Examined, quota: Quota) -> float:
    """Return what the account has, or AWS's default where nothing was ever set for it."""

    def ask(right: Right) -> float:
        answer = stage.asking.ask(right, ServiceCode=quota.service, QuotaCode=quota.code)
        return float(answer["Quota"]["Value"])

    try:
        return ask(rights.QUOTA)
    except ClientError as fault:
        if fault.response["Error"]["Code"] != _NO_SUCH_QUOTA:
            raise
    try:
        return ask(rights.DEFAULT_QUOTA)
    except ClientError as fault:
        if fault.response["Error"]["Code"] != _NO_SUCH_QUOTA:
            raise
    raise UnansweredError(f"Service Quotas has no {quota.code} here")


def _reservations(stage: Examined) -> Finding:
    need = reserved(stage.config)
    limits = stage.asking.ask(rights.FUNCTIONS)["AccountLimit"]
    allowed, free = limits["ConcurrentExecutions"], limits["UnreservedConcurrentExecutions"]
    if not need:
        return fine(f"none to reserve; {free} of {allowed} are free for all functions")
    available = free + sum(
        _kept_by(stage, name) for name in stage.resources().get("AWS::Lambda::Function", ())
    )
    found = f"{need} to reserve of {available} free, of which {KEPT_UNRESERVED} stay so"
    if available - KEPT_UNRESERVED >= need:
        return fine(found)
    return wrong(
        found,
        follows="the Door stack fails",
        do="set every reserved_concurrency to 0, or `aws service-quotas request-service-quota-increase --service-code "
        f"lambda --quota-code L-B99A9384 --desired-value {allowed + need + KEPT_UNRESERVED - available}`",
    )


def _kept_by(stage: Examined, function: str) -> int:
    """Return what a function of the stage has reserved already."""
    answer = stage.asking.ask(rights.RESERVED, FunctionName=function)
    return int(answer.get("ReservedConcurrentExecutions", 0))
