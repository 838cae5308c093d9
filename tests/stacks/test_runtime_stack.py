import csv
import json
from collections import defaultdict

from stacks.parts.orders_table import ORDERS
from tests.stacks.deployment import Deployment


def rights(deployed: Deployment) -> dict[str, set[str]]:
    """Return what the agent's role allows: each action with the resources, as JSON."""
    found: dict[str, set[str]] = defaultdict(set)
    for logical_id, statement in deployed.statements("Runtime"):
        if not logical_id.startswith("AgentRole"):
            continue
        actions, resources = statement["Action"], statement["Resource"]
        for action in [actions] if isinstance(actions, str) else actions:
            found[action] |= {
                json.dumps(one) for one in (resources if isinstance(resources, list) else [resources])
            }
    return found


def test_the_agent_starts_from_a_snapshot_in_the_private_subnets(shipped: Deployment):
    """V2 starts in 2 s instead of 5 to 30, and which version is the default has changed before."""
    agent = shipped.the("Runtime", "AWS::BedrockAgentCore::Runtime")
    network = agent["NetworkConfiguration"]

    assert agent["PlatformVersion"] == "V2"
    assert network["NetworkMode"] == "VPC"
    assert len(network["NetworkModeConfig"]["Subnets"]) == 2
    assert all("AgentSubnet" in json.dumps(one) for one in network["NetworkModeConfig"]["Subnets"])


def test_an_abandoned_session_ends_by_itself(prod: Deployment):
    """AgentCore's own limits stand behind the agent's: after the call's cap, with time to say goodbye."""
    agent = prod.the("Runtime", "AWS::BedrockAgentCore::Runtime")

    assert agent["LifecycleConfiguration"] == {"IdleRuntimeSessionTimeout": 60, "MaxLifetime": 900 + 360}


def test_the_agent_may_do_these_things_and_nothing_else(dev: Deployment):
    """Code that an attacker runs in the microVM has the role's rights: this is the whole list."""
    assert set(rights(dev)) == {
        "bedrock:InvokeModel",
        "dynamodb:GetItem",
        "dynamodb:UpdateItem",
        "logs:CreateLogGroup",
        "logs:CreateLogStream",
        "logs:DescribeLogGroups",
        "logs:DescribeLogStreams",
        "logs:PutLogEvents",
        "s3:GetObject",
    }


def test_the_agent_may_use_one_model(dev: Deployment):
    """Another model has another price."""
    assert rights(dev)["bedrock:InvokeModel"] == {
        '"arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-2-5-sonic"'
    }


def test_the_agent_may_read_its_bundle_and_no_other_asset(dev: Deployment):
    """The bucket holds the assets of every CDK application of the account."""
    agent = dev.the("Runtime", "AWS::BedrockAgentCore::Runtime")
    code = agent["AgentRuntimeArtifact"]["CodeConfiguration"]["Code"]["S3"]
    (resource,) = rights(dev)["s3:GetObject"]

    assert json.loads(resource)["Fn::Join"][1][-1] == f"/{code['Prefix']}"
    assert "*" not in resource


def test_the_agent_may_write_its_own_logs_only(dev: Deployment):
    """The id of the runtime is made up after the role: the pattern ends where the id begins."""
    for action in ("logs:CreateLogGroup", "logs:PutLogEvents"):
        (resource,) = rights(dev)[action]
        assert ":log-group:/aws/bedrock-agentcore/runtimes/hotline_dev-*" in resource


def test_the_agent_reads_orders_and_reports_to_the_ledger(dev: Deployment):
    """It cannot list orders, and cannot make or forget a session."""
    granted = rights(dev)

    assert {table(one) for one in granted["dynamodb:GetItem"]} == {"OrdersTable", "LedgerTable"}
    assert {table(one) for one in granted["dynamodb:UpdateItem"]} == {"LedgerTable"}


def test_only_agentcore_for_this_runtime_takes_the_role(shipped: Deployment):
    """Without both conditions another account could have AgentCore act with our role."""
    (role,) = (
        one
        for one in shipped.resources("Runtime", "AWS::IAM::Role")
        if "voice agent may do" in one["Description"]
    )
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]

    assert statement["Principal"] == {"Service": "bedrock-agentcore.amazonaws.com"}
    assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert f":runtime/hotline_{shipped.stage}*" in json.dumps(statement["Condition"]["ArnLike"])


def test_the_rights_are_there_before_agentcore_starts_the_agent(shipped: Deployment):
    """The runtime is started while it is created; a missing right fails the deployment at random."""
    (agent,) = shipped.whole("Runtime", "AWS::BedrockAgentCore::Runtime")

    assert any(one.startswith("AgentRoleDefaultPolicy") for one in agent["DependsOn"])


def test_calls_go_to_the_newest_version_or_the_one_that_is_set(dev: Deployment, turned: Deployment):
    """Rolling back is one knob, not a rebuild."""
    newest, chosen = (
        one.the("Runtime", "AWS::BedrockAgentCore::RuntimeEndpoint")["AgentRuntimeVersion"]
        for one in (dev, turned)
    )

    assert newest["Fn::GetAtt"][1] == "AgentRuntimeVersion"
    assert chosen == "7"


def test_the_logs_of_calls_are_forgotten_in_time(shipped: Deployment):
    """AgentCore makes a group that keeps everything for ever, unless it is there before."""
    (group,) = shipped.whole("Runtime", "AWS::Logs::LogGroup")
    (endpoint,) = shipped.whole("Runtime", "AWS::BedrockAgentCore::RuntimeEndpoint")
    name = group["Properties"]["LogGroupName"]["Fn::Join"][1]

    assert name[0] == "/aws/bedrock-agentcore/runtimes/"
    assert name[-1] == f"-{endpoint['Properties']['Name']}"
    assert group["Properties"]["RetentionInDays"] >= 1
    assert any(one.startswith("AgentLogs") for one in endpoint["DependsOn"])


def test_orders_are_imported_by_dynamodb_itself(shipped: Deployment):
    """No function with a right to write them stays behind."""
    (orders,) = (
        one
        for one in shipped.resources("Runtime", "AWS::DynamoDB::Table")
        if one["KeySchema"][0]["AttributeName"] == "order_number"
    )
    source = orders["ImportSourceSpecification"]

    assert source["InputFormat"] == "CSV"
    assert source["S3BucketSource"]["S3KeyPrefix"].endswith(".csv")
    assert not shipped.resources("Runtime", "AWS::Lambda::Function")


def test_the_seeded_orders_have_distinct_statuses():
    """A spoken answer proves which order was read only if no other order has that status."""
    with ORDERS.open() as file:
        orders = list(csv.DictReader(file))

    assert len({one["order_number"] for one in orders}) == len(orders) >= 5
    assert len({one["status"] for one in orders}) == len(orders)


def test_the_ledger_forgets_old_rows_and_can_be_restored(shipped: Deployment):
    """It is the account of every call: nothing lost by mistake, nothing kept for ever."""
    (ledger,) = (
        one
        for one in shipped.resources("Runtime", "AWS::DynamoDB::Table")
        if one["KeySchema"][0]["AttributeName"] == "session_id"
    )

    assert ledger["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert ledger["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert ledger["BillingMode"] == "PAY_PER_REQUEST"


def test_programs_find_the_deployment_by_its_outputs(shipped: Deployment):
    """`scripts/call` and `scripts/local` know these names and no others."""
    outputs = shipped.templates["Runtime"]["Outputs"]

    assert {"RuntimeArn", "EndpointName", "OrdersTable", "LedgerTable"} <= set(outputs)


def table(resource: str) -> str:
    """Return the construct that the ARN in *resource* belongs to."""
    return json.loads(resource)["Fn::GetAtt"][0][:11]
