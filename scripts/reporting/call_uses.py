"""What the rights of the agent, the relays and the network are for."""

from scripts.reporting.statements import IDENTITY
from scripts.reporting.use import LOGS, Use

AGENT, RELAY, BUILDER = "Runtime/Agent/Role/Role", "Turn/Coturn/Role", "Turn/Coturn/Image/Role"
SESSION_MANAGER = (
    "ssm:UpdateInstanceInformation",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
)

_AGENT = (
    Use(
        IDENTITY,
        AGENT,
        ("bedrock:InvokeModel",),
        "speaks with the one model; the bidirectional stream has no action of its own",
        "every call",
    ),
    Use(
        IDENTITY,
        AGENT,
        ("bedrock:InvokeModelWithResponseStream",),
        "asks the cascade's one text model, which ConverseStream is authorised by",
        "every call",
    ),
    Use(
        IDENTITY,
        AGENT,
        ("transcribe:StartStreamTranscriptionWebSocket",),
        "has the cascade's caller written down, and keeps nothing of it",
        "every call",
    ),
    Use(IDENTITY, AGENT, ("polly:SynthesizeSpeech",), "speaks the cascade's answers", "every call"),
    Use(IDENTITY, AGENT, ("s3:GetObject",), "fetches the one bundle that was deployed", "start of a microVM"),
    Use(
        IDENTITY,
        AGENT,
        ("logs:CreateLogGroup", "logs:DescribeLogGroups", "logs:DescribeLogStreams", *LOGS),
        "writes the runtime's own logs",
        "every call",
    ),
    Use(
        IDENTITY,
        AGENT,
        ("dynamodb:GetItem",),
        "looks one order up by its number",
        "tool order_status",
        on="{Runtime/Orders/*}",
    ),
    Use(
        IDENTITY,
        AGENT,
        ("dynamodb:GetItem", "dynamodb:UpdateItem"),
        "joins, beats for and closes its row, and gives its place back",
        "every call",
        on="{Runtime/Ledger/*}",
    ),
    Use(
        IDENTITY,
        AGENT,
        (
            "dynamodb:PutItem",
            "sns:Publish",
            "kms:Decrypt",
            "kms:DescribeKey",
            "kms:Encrypt",
            "kms:GenerateDataKey",
        ),
        "leaves an encrypted call-back, and mails that there is one",
        "tool transfer_to_human",
    ),
    Use(
        IDENTITY,
        AGENT,
        ("secretsmanager:GetSecretValue",),
        "signs what it hands to your queue",
        "tool transfer_to_human",
    ),
)
_RELAYS = (
    Use(
        IDENTITY,
        RELAY,
        SESSION_MANAGER,
        "an operator's shell without SSH, through Session Manager",
        "an operator",
    ),
    Use(IDENTITY, RELAY, ("ec2:AssociateAddress",), "takes the relay's fixed address", "boot"),
    Use(
        IDENTITY,
        RELAY,
        ("autoscaling:CompleteLifecycleAction",),
        "says that its last call has ended",
        "replacement",
    ),
    Use(IDENTITY, RELAY, ("cloudwatch:PutMetricData",), "publishes the relay's figures", "each minute"),
    Use(
        IDENTITY,
        RELAY,
        ("secretsmanager:GetSecretValue", "kms:Decrypt"),
        "reads the secret that it checks credentials with",
        "boot, and when it was rotated",
    ),
    Use(IDENTITY, RELAY, ("s3:GetObject",), "fetches its configuration", "boot"),
    Use(IDENTITY, RELAY, ("cloudformation:SignalResource",), "says that it is ready", "boot"),
    Use(
        IDENTITY,
        RELAY,
        ("route53:ChangeResourceRecordSets", "route53:GetChange", "route53:ListHostedZones"),
        "proves its names to the authority, by TXT records of that purpose",
        "renewal of a certificate",
    ),
    Use(
        IDENTITY,
        BUILDER,
        SESSION_MANAGER,
        "how Image Builder drives the machine that builds",
        "build of the image",
    ),
    Use(
        IDENTITY,
        BUILDER,
        ("imagebuilder:GetComponent", "s3:GetObject"),
        "fetches the build's steps, and AWS's tool that runs them",
        "build of the image",
    ),
)
_NETWORK = (
    Use(
        IDENTITY,
        "Network/ClosedDefaultGroup/Role",
        (
            "ec2:DescribeSecurityGroups",
            "ec2:RevokeSecurityGroupEgress",
            "ec2:RevokeSecurityGroupIngress",
            "ssm:GetAutomationExecution",
            "ssm:StartAutomationExecution",
        ),
        "empties the VPC's default security group",
        "each day",
    ),
    Use(
        IDENTITY,
        "Network/Network/FlowsRole",
        (*LOGS, "logs:DescribeLogStreams"),
        "writes the flow log",
        "all the time",
    ),
)
CALL_USES = (*_AGENT, *_RELAYS, *_NETWORK)
