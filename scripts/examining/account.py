"""Looks at the account itself: who asks, whether the CDK is at home there, what state the stage's stacks are in."""

from collections.abc import Iterator, Mapping
from functools import partial

from botocore.exceptions import BotoCoreError, ClientError

from scripts.deploying.asking import IDENTITY, Asking, UnansweredError
from scripts.deploying.place import Place
from scripts.deploying.stacks import StackName, stack_names
from scripts.examining import rights
from scripts.examining.examined import Examined
from scripts.examining.findings import Check, Finding, fine, wrong

LEAST_BOOTSTRAP = 6
"""What the CDK's synthesizer asks for: the rule CheckBootstrapVersion in every template."""
BOOTSTRAP_PARAMETER = "/cdk-bootstrap/hnb659fds/version"
"""Where `cdk bootstrap` writes its version, with the qualifier that it has unless told otherwise."""

_SIGN_IN = "sign in (`aws sso login`), or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
_NOT_AUTHENTIC = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)

# What the CDK does not get over by itself.
_STUCK: Mapping[str, str] = {
    "DELETE_FAILED": "take away what is left of it first: {destroy}",
    "UPDATE_ROLLBACK_FAILED": "`cdk rollback {stack} -c stage={stage}`",
    "UPDATE_FAILED": "`cdk rollback {stack} -c stage={stage}`",
    "CREATE_FAILED": "`cdk rollback {stack} -c stage={stage}`",
}


def identity(place: Place) -> Finding:
    """Say as whom, and where, the stage would be deployed."""
    try:
        me = Asking(place).ask(IDENTITY)
    except ClientError as fault:
        code = fault.response["Error"].get("Code", "")
        found = f"AWS does not take these credentials ({code})"
        if code not in _NOT_AUTHENTIC:
            found = f"AWS does not say who this is ({code})"
        return wrong(found, follows="nothing can be asked or deployed", do=_SIGN_IN)
    except (UnansweredError, BotoCoreError) as fault:
        return wrong(str(fault), follows="nothing can be asked or deployed", do=_SIGN_IN)
    return fine(f"{me['Arn']} in {', '.join(place.regions)}")


def checks(stage: Examined) -> Iterator[Check]:
    """List what is looked at."""
    for region in stage.place.regions:
        yield Check(f"CDK bootstrap in {region}", partial(_bootstrap, stage, region))
    yield Check("Stacks of the stage", partial(_stacks, stage))


def _bootstrap(stage: Examined, region: str) -> Finding:
    do = f"`cdk bootstrap -c stage={stage.place.stage}`"
    try:
        answer = stage.asking.ask(rights.BOOTSTRAP, region=region, Name=BOOTSTRAP_PARAMETER)
    except ClientError as fault:
        if fault.response["Error"]["Code"] != "ParameterNotFound":
            raise
        return wrong("none", follows="`cdk deploy` stops at the first stack there", do=do)
    version = str(answer["Parameter"]["Value"])
    if not version.isdecimal() or int(version) < LEAST_BOOTSTRAP:
        return wrong(
            f"version {version}, and {LEAST_BOOTSTRAP} is needed",
            follows="CloudFormation refuses every stack there",
            do=do,
        )
    return fine(f"version {version} (at least {LEAST_BOOTSTRAP})")


def _stacks(stage: Examined) -> Finding:
    statuses = {one: stage.status_of(one) for one in stack_names(stage.place)}
    there = {stack: status for stack, status in statuses.items() if status}
    for stack, status in there.items():
        if status in _STUCK:
            return _stuck(stage, stack, status)
    busy = [f"{stack.name} is {status}" for stack, status in there.items() if _is_busy(status)]
    if busy:
        return wrong(
            "; ".join(busy),
            follows="a deployment meanwhile is refused",
            do="wait until it is through, and look again",
        )
    return fine(f"{len(there)} there, none of them stuck" if there else "none yet")


def _is_busy(status: str) -> bool:
    """Say whether CloudFormation works on it; a change set that nobody has executed is no work."""
    return status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS"


def _stuck(stage: Examined, stack: StackName, status: str) -> Finding:
    do = _STUCK[status].format(
        stack=stack.name, stage=stage.place.stage, destroy=stage.place.command("destroy")
    )
    return wrong(f"{stack.name} is {status}", follows="CloudFormation refuses to change it", do=do)
