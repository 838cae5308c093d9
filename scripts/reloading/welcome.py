"""What a person reads once everything is deployed: what there is, and how to call it."""

from rich.table import Table

from scripts.calling.deployment import Deployment
from scripts.embedded.address import DEFAULT_PORT
from scripts.embedded.cloud import EmbeddedCloud

WELCOME = """
Call it  {page}

Door     {door}
Agent    {agent}
Relay    {relay}

Or call it from another terminal:
  scripts/call --embedded{port} --say "What is the status of order four two seven?"

Real:      the templates, the CDK deployment, the bundle's code and environment, IAM's decisions, the relay, the audio
Emulated:  AWS's services (MiniStack, with Kinesis Video's credentials and limits), AgentCore's data plane,
           Bedrock's protocol
Offline:   the model's brain; it understands questions about the status of an order and nothing else

Saved files of runtime/, turn/, stacks/ and cdk.json are deployed at once; each turn of a call is a line here.

Ctrl-C ends it and leaves nothing behind."""


def welcome(cloud: EmbeddedCloud, deployment: Deployment, *, page: str) -> str:
    """Say how *deployment* on *cloud* is called; *page* is the call page's address."""
    port = cloud.ports.base
    return WELCOME.format(
        page=page,
        door=deployment.outputs["DoorUrl"],
        agent=deployment.outputs["RuntimeArn"],
        relay=f"{cloud.relay_program} at 127.0.0.1:{cloud.ports.relay}",
        port="" if port == DEFAULT_PORT else f" --port {port}",
    )


def inventory(cloud: EmbeddedCloud) -> Table:
    """List the stacks with how many resources each has."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("Stack")
    table.add_column("Resources", justify="right")
    pages = cloud.client("cloudformation").get_paginator("list_stack_resources")
    total = 0
    for stack in cloud.stacks():
        count = sum(len(page["StackResourceSummaries"]) for page in pages.paginate(StackName=stack))
        total += count
        table.add_row(stack, str(count))
    table.add_row("", str(total))
    return table
