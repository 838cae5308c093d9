"""Which stage a command is about: the options that several commands share, and what they lead to."""

import argparse
from pathlib import Path

import boto3
from botocore.exceptions import ProfileNotFound
from rich.console import Console

from scripts.calling.deployment import Deployment
from scripts.calling.errors import CredentialsError
from scripts.calling.running import find_running
from scripts.calling.tokens import token_for
from scripts.commands.arguments import base_port
from scripts.deploying.errors import UnknownStageError
from scripts.deploying.place import Place, stages
from scripts.embedded.address import DEFAULT_PORT, Ports
from scripts.operating.stage import Stage


def add_stage(parser: argparse.ArgumentParser) -> None:
    """Let *parser* take a stage, or the embedded cloud, and where to find it."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("stage", nargs="?", help="a stage of cdk.json that is deployed")
    which.add_argument("--embedded", action="store_true", help="the embedded cloud on this machine")
    _add_place(parser)


def add_place(parser: argparse.ArgumentParser) -> argparse._MutuallyExclusiveGroup:
    """Let *parser* take a stage that may not be deployed, or the embedded cloud; return the group of those two."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("stage", nargs="?", help="a stage of cdk.json")
    which.add_argument("--embedded", action="store_true", help="the embedded cloud on this machine")
    _add_port(parser)
    return which


def add_token(parser: argparse.ArgumentParser) -> None:
    """Let *parser* take an access token for the stage's door."""
    parser.add_argument(
        "--token-file", metavar="FILE", type=Path, help="an access token to use; - reads standard input"
    )


def add_words(parser: argparse.ArgumentParser, metavar: str) -> None:
    """Let *parser* take a stage, or the embedded cloud in its place, with what to do there behind it."""
    parser.add_argument("words", nargs="*", metavar=metavar)
    parser.add_argument("--embedded", action="store_true", help="in place of STAGE: the embedded cloud")
    _add_place(parser)


def take_stage(parser: argparse.ArgumentParser, options: argparse.Namespace) -> list[str]:
    """Set `options.stage` and return the other words."""
    rest = list(options.words)
    if not options.embedded and not rest:
        parser.error("name a stage of cdk.json, or --embedded for the cloud on this machine")
    options.stage = None if options.embedded else rest.pop(0)
    return rest


def find(options: argparse.Namespace) -> Deployment:
    """Return what the options name.

    Raises:
        CallError: It is not deployed, or not to be found with these credentials.
    """
    if options.embedded:
        return find_running(options.port)
    try:
        return Deployment.of_stage(options.stage, boto3.Session(region_name=options.region))
    except ProfileNotFound as fault:
        raise CredentialsError(f"{fault}.  Choose another with AWS_PROFILE.") from fault


def find_operated(options: argparse.Namespace) -> Stage:
    """Return what the options name, as its operator reaches it.

    Raises:
        CallError: As `find`.
    """
    agentcore = Ports(options.port).endpoints()["agentcore"] if options.embedded else ""
    return Stage(deployment=find(options), agentcore_url=agentcore)


def find_place(options: argparse.Namespace) -> Place:
    """Return where the stage is that the options name, or is to be.

    Raises:
        CallError: No embedded cloud runs.
        DeployingError: There is no such stage, or no way to its account.
    """
    if options.embedded:
        return Place.on_embedded_cloud(options.port)
    if options.stage not in stages():
        raise UnknownStageError(
            f"cdk.json has no stage {options.stage!r}; choose one of {', '.join(sorted(stages()))}."
        )
    return Place.on_aws(options.stage)


def with_token(deployment: Deployment, options: argparse.Namespace, console: Console) -> Deployment:
    """Return *deployment* with the token to call it with; a person signs in when there is none yet.

    Raises:
        CallError: There is no token to be had, or it is of no use.
    """
    if not deployment.takes_tokens:
        if options.token_file:
            raise CredentialsError(
                f"Stage {deployment.stage} takes no tokens: its callers sign with AWS credentials (auth.kind iam)."
            )
        return deployment
    if deployment.token and not options.token_file:
        return deployment

    def tell(line: str) -> None:
        console.print(line, highlight=False, soft_wrap=True)

    return deployment.called_with(token_for(deployment.outputs, token_file=options.token_file, tell=tell))


def _add_place(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--region", help="where the stage is deployed; default: that of your AWS profile")
    _add_port(parser)


def _add_port(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--port", type=base_port, default=DEFAULT_PORT, help=f"of the embedded cloud; default: {DEFAULT_PORT}"
    )
