"""What is kept and what travels, where no template says it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

HOLDS: Mapping[str, str] = {
    "Runtime/Ledger/Table": "one row per session: a hash of who called (an ARN of machines, the id of an invite), transport, times, "
    "cost, why it ended; places, paces, leases; no words, no token, no number",
    "Runtime/Orders/Table": "the demo's five invented orders",
    "Runtime/Callbacks/Table": "who is to be called back: a number, and why, in the agent's words",
    "Runtime/Callbacks/Topic": "that somebody is to be called back, without the number",
    "Runtime/Agent/Logs": "figures of calls (join, latency, loss, cost) and faults; nothing that was said",
    "Door/PageFiles/Logs": "faults of the page's function",
    "Door/Guests/Function/Logs": "whether a guest's seal held; no token",
    "Door/Telephony/Webhooks/Logs": "outcomes of webhooks by session; no number, no signature",
    "Door/*/Logs": "outcomes by session; names of fields that were wrong, never values",
    "Bridge/Logs": "beginnings and ends of streams by session",
    "Network/Network/Flows": "addresses and ports of what entered and left the VPC: the agent's, and where relays are our own, callers'",
    "Door/Reaper/Failures": "the schedule's empty event of runs that failed",
    "*/Alarms/Topic": "names and figures of alarms",
    "Billing/Spent/Topic": "that the budget is spent, and what it is",
    "Turn/Coturn/SharedSecret": "what relay credentials are derived from",
    "Turn/Coturn/Instances/Template": "the relay's program and log; the secret is in memory alone",
    "Door/Callers/Pool": "who may call: mail address, name, hash of a password, second factor",
}
"""By pattern of the name; the first that fits counts."""


@dataclass(frozen=True, slots=True)
class Flow:
    """One kind of data on its way."""

    what: str
    sender: str
    receiver: str
    over: str
    where: str = ""
    """Pattern of the name of a resource that a stage has if it has this; empty for every stage."""


_TLS = "TLS"
_MEDIA = "DTLS-SRTP end to end; the relay carries what it cannot read"

FLOWS: Sequence[Flow] = (
    Flow("the caller's and the agent's voice", "browser", "agent, over a relay", _MEDIA),
    Flow("the caller's and the agent's voice", "program", "agent, over AgentCore's WebSocket", f"{_TLS}, by a pre-signed URL that opens one session"),
    Flow("the caller's and the agent's voice", "phone provider", "the bridge, and from it AgentCore's WebSocket", f"{_TLS}; HTTP from the balancer to the task, within the VPC", "Bridge/*"),
    Flow("the caller's and the agent's voice", "phone provider", "agent, over AgentCore's WebSocket", f"{_TLS}, by a pre-signed URL that opens one session", "Door/Telephony/*"),
    Flow("the caller's and the agent's voice, words, tools' answers", "agent", "Bedrock's model; a cascade's Transcribe, Bedrock and Polly", f"{_TLS} over the NAT gateway or an interface endpoint"),
    Flow("access tokens", "browser, program", "API Gateway, which checks them", f"{_TLS}; in memory of the page, in no log"),
    Flow("passwords, second factors", "browser", "Cognito's own pages", _TLS, "Door/Callers/*"),
    Flow("ways in, relay credentials", "the door", "the caller, in the answer alone", f"{_TLS}; lives of a minute"),
    Flow("offers, candidates (private addresses refused)", "browser", "the door, and from it the agent", _TLS),
    Flow("who called, as a hash", "the door", "the ledger", f"{_TLS}, SigV4"),
    Flow("figures of a call", "agent, browser over the door", "CloudWatch, as metrics in log lines", f"{_TLS}; CloudWatch keeps metrics for 15 months"),
    Flow("an order's number, an order", "agent", "the table of orders", f"{_TLS}, SigV4, over the VPC's endpoint"),
    Flow("a number to call back", "agent", "the table of call-backs", f"{_TLS}, SigV4, over the VPC's endpoint", "Runtime/Callbacks/*"),
    Flow("alarms", "CloudWatch, Budgets", "the stage's address", f"{_TLS} to SNS, which refuses what is not; then mail, as encrypted as the receiver's server takes it"),
    Flow("relay credentials", "the door", "Kinesis Video's signaling channels", f"{_TLS}, SigV4; the user name holds the account's id", "Turn/Managed/*"),
    Flow("the relays' secret", "Secrets Manager", "relays, the door", f"{_TLS}, SigV4, decrypted with the stage's key", "Turn/Coturn/*"),
)  # fmt: skip
