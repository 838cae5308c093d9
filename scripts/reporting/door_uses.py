"""What the door's rights are for: its functions, the phones' and the reaper."""

from scripts.reporting.statements import IDENTITY
from scripts.reporting.use import LOGS, Use

DOOR, PHONES, REAPER = "Door/Requests/Role", "Door/Telephony/Webhooks/Role", "Door/Reaper/Reaper/Role"
BRIDGE = "Bridge/Roles/Task"

_DOOR = (
    Use(
        IDENTITY,
        DOOR,
        ("bedrock-agentcore:InvokeAgentRuntime",),
        "wakes the agent, and hands it offers and candidates",
        "POST /sessions; POST and PATCH /sessions/{id}/offer",
    ),
    Use(
        IDENTITY,
        DOOR,
        ("bedrock-agentcore:InvokeAgentRuntimeWithWebSocketStream",),
        "signs a way in, which opens one session for a minute",
        "the caller's WebSocket, by the URL of POST /sessions",
    ),
    Use(
        IDENTITY,
        DOOR,
        ("bedrock-agentcore:StopRuntimeSession",),
        "ends the microVM, and what it costs",
        "DELETE /sessions/{id}",
    ),
    Use(IDENTITY, DOOR, ("dynamodb:PutItem",), "writes the row of a new session", "POST /sessions"),
    Use(
        IDENTITY,
        DOOR,
        ("dynamodb:UpdateItem",),
        "counts places, paces callers, leases relays, redeems invites, closes rows",
        "POST /sessions, /invites; DELETE /sessions/{id}",
    ),
    Use(
        IDENTITY,
        DOOR,
        ("dynamodb:GetItem",),
        "reads the caller's own row, the lease of its relay, an invite",
        "every request with an id",
    ),
    Use(
        IDENTITY,
        DOOR,
        ("dynamodb:BatchGetItem",),
        "looks at places and the budget's switch at once",
        "POST /sessions",
    ),
    Use(
        IDENTITY,
        DOOR,
        ("kinesisvideo:GetIceServerConfig", "kinesisvideo:GetSignalingChannelEndpoint"),
        "asks its own pool for relay credentials",
        "POST /sessions over WebRTC; POST /sessions/{id}/relays",
    ),
    Use(
        IDENTITY,
        DOOR,
        ("secretsmanager:GetSecretValue", "kms:Decrypt"),
        "reads the secret that relay credentials are derived from",
        "POST /sessions over WebRTC; POST /sessions/{id}/relays",
    ),
    Use(
        IDENTITY,
        DOOR,
        ("kms:GenerateMac",),
        "seals invites and guests' tokens; it can check none",
        "POST /invites, POST /guest/sessions",
    ),
    Use(
        IDENTITY,
        "Door/Guests/Function/Role",
        ("kms:VerifyMac",),
        "checks a guest's seal; it can make none",
        "every request of a guest",
    ),
    Use(
        IDENTITY,
        "Door/Budget/Switch/Role",
        ("dynamodb:UpdateItem",),
        "asks the time, and closes the door to new sessions",
        "SNS, when the budget is spent",
    ),
)
_PHONES = (
    Use(
        IDENTITY,
        PHONES,
        ("bedrock-agentcore:InvokeAgentRuntime",),
        "wakes the agent for a caller",
        "POST /telephony/{provider}",
    ),
    Use(
        IDENTITY,
        PHONES,
        ("bedrock-agentcore:InvokeAgentRuntimeWithWebSocketStream",),
        "signs the way in for the media stream",
        "the provider's stream, by the URL of the answer",
    ),
    Use(
        IDENTITY,
        PHONES,
        ("bedrock-agentcore:StopRuntimeSession",),
        "ends a microVM whose call came to nothing",
        "POST /telephony/{provider}",
    ),
    Use(
        IDENTITY,
        PHONES,
        ("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:GetItem", "dynamodb:BatchGetItem"),
        "opens and closes phone sessions, paces numbers, remembers webhooks",
        "POST /telephony/{provider}",
    ),
    Use(
        IDENTITY,
        PHONES,
        ("kms:GenerateMac",),
        "makes a number a name that nobody can turn back",
        "POST /telephony/{provider}",
    ),
    Use(
        IDENTITY,
        PHONES,
        ("secretsmanager:GetSecretValue",),
        "reads the key that a provider signs with",
        "POST /telephony/{provider}",
    ),
    Use(
        IDENTITY,
        BRIDGE,
        ("bedrock-agentcore:InvokeAgentRuntimeWithWebSocketStream",),
        "joins a provider's stream to its session",
        "the provider's stream",
    ),
    Use(
        IDENTITY,
        BRIDGE,
        ("dynamodb:UpdateItem",),
        "uses up the ticket of a stream, and reaches no row of a session",
        "the provider's stream",
    ),
    Use(
        IDENTITY,
        BRIDGE,
        ("s3:GetObject",),
        "fetches its program, whose hash it checks",
        "start of a task",
    ),
)
_REAPER = (
    Use(
        IDENTITY,
        REAPER,
        ("bedrock-agentcore:StopRuntimeSession",),
        "ends what outlived its limits",
        "each minute",
    ),
    Use(
        IDENTITY,
        REAPER,
        ("dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:UpdateItem"),
        "goes through places, closes rows, gives places back",
        "each minute",
    ),
    Use(IDENTITY, REAPER, ("sqs:SendMessage",), "keeps a run that failed", "a run that failed"),
    Use(
        IDENTITY,
        "Door/Reaper/EveryMinute/Role",
        ("lambda:InvokeFunction", "sqs:SendMessage"),
        "starts the reaper, or says that it could not",
        "each minute",
    ),
)
DOOR_USES = (
    *_DOOR,
    *_PHONES,
    *_REAPER,
    Use(IDENTITY, "Door/*/Role", LOGS, "writes the function's own log group", "every invocation"),
    Use(IDENTITY, "Bridge/Roles/Execution", LOGS, "writes the bridge's own log group", "all the time"),
)
