"""The sections of a stage: every knob with its unit, its bounds, where each bound comes from, its price.

`docs/config.md` is generated from this file by `scripts/config-table`.  Prices are US list prices of
October 2026: there to compare choices, not to replace a bill.
"""

import re
from ipaddress import IPv4Network
from math import ceil
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from stacks.regions import AGENTCORE_ZONE_IDS

# Retentions that CloudWatch Logs accepts, up to two years (PutRetentionPolicy, API reference).
type RetentionDays = Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731]

# A VPC is /16 to /28 (VPC user guide); six /24 subnets (three zones, public and private) need a /21.
VPC_PREFIX_LENGTHS = range(16, 22)
# AgentCore takes 1 to 16 subnets and advises two zones (agentcore-vpc.md).
LEAST_ZONES = 2
# Both ends of the 250 calls that one relay carries hold an allocation, and each is one port.
LEAST_RELAY_PORTS = 500

# Hard limits per signaling channel: 50 allocations and 5 issues of credentials per second
# (kvswebrtc-limits.md, WebRTC developer guide, October 2026).
CHANNEL_ALLOCATIONS = 50
# One less than the limit: requests overtake each other on the way, so that a pool that is exactly full is
# throttled (`tests/turn/test_managed.py` fails without it).
CHANNEL_ISSUES_PER_SECOND = 4
# AgentCore allows the environment of a code deployment 1.5 KB (bedrock-agentcore-limits.md); a channel's
# ARN takes 88 bytes of it, and `tests/contract/test_environment.py` counts the rest.
MOST_CHANNELS = 8

LOG_PRICE = "US$0.50 per GB written, US$0.03 per GB and month kept (aws.amazon.com/cloudwatch/pricing)"


class Section(BaseModel):
    """Values that cannot change and hold no key that nobody reads."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def _is_an_address(text: str) -> str:
    """Refuse what is plainly no e-mail address; the mail to confirm, from SNS, is the real check."""
    if not re.fullmatch(r"[^@\s,;]+@[^@\s,;]+\.[A-Za-z]{2,}", text):
        raise ValueError("is no e-mail address, so alarms would reach nobody; write one like name@domain")
    return text


type Email = Annotated[str, AfterValidator(_is_an_address)]


def _price(text: str) -> dict[str, Any]:
    return {"price": text}


class NetworkConfig(Section):
    """The VPC that the agent's network interfaces live in."""

    cidr: str = Field("10.42.0.0/16", description="Private IPv4 range of the VPC, /16 to /21.")
    availability_zone_ids: tuple[str, ...] = Field(
        (),
        strict=False,
        max_length=3,
        validate_default=True,
        description="Two or three Availability Zone ids (not names) that AgentCore supports in the Region; "
        "empty takes the first two.",
    )
    nat_gateways: Literal["one", "per_zone"] = Field(
        "one",
        description="One NAT gateway for all zones, or one per zone so that losing a zone cuts no other.",
        # Amazon VPC pricing, us-east-1.
        json_schema_extra=_price("US$0.045 per hour (US$33 a month) each, plus US$0.045 per GB"),
    )
    interface_endpoints: tuple[Literal["bedrock-runtime", "logs", "secretsmanager"], ...] = Field(
        (),
        strict=False,
        description="Services reached over PrivateLink instead of through the NAT gateway.",
        json_schema_extra=_price(
            "US$0.01 per hour (US$7.30 a month) each in every zone, plus US$0.01 per GB"
        ),
    )
    flow_log_retention_days: RetentionDays = Field(
        30, description="How long VPC flow logs are kept.", json_schema_extra=_price(LOG_PRICE)
    )

    @field_validator("cidr")
    @classmethod
    def _is_a_private_range(cls, cidr: str) -> str:
        network = IPv4Network(cidr)  # says itself what is wrong with the text
        if not network.is_private:
            raise ValueError("is a public range; the way to those addresses would be lost: use 10.0.0.0/8")
        if network.prefixlen not in VPC_PREFIX_LENGTHS:
            raise ValueError("must be /16 to /21, so that six /24 subnets fit into a VPC")
        return cidr

    @field_validator("availability_zone_ids")
    @classmethod
    def _are_supported(cls, zone_ids: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        supported = AGENTCORE_ZONE_IDS.get((info.context or {}).get("region", ""))
        if supported is None:
            return zone_ids  # the Region itself is the fault, and it is reported
        zone_ids = zone_ids or supported[:2]
        if wrong := [one for one in zone_ids if one not in supported]:
            raise ValueError(
                f"AgentCore does not run in {', '.join(wrong)}; choose from {', '.join(supported)}"
            )
        if len(zone_ids) < LEAST_ZONES or len(set(zone_ids)) < len(zone_ids):
            raise ValueError("must name at least two different zones, or the loss of one ends every call")
        return zone_ids


class ManagedTurnConfig(Section):
    """TURN relays run by Kinesis Video Streams: nothing of ours to patch."""

    kind: Literal["managed"]
    # GetIceServerConfig: 100 per second for the account and Region (kvswebrtc-limits.md).
    peak_new_sessions_per_second: float = Field(
        1.0, gt=0, le=100, description="Calls that may begin in one second at the busiest time."
    )
    # AgentCore: 5,000 sessions at once (bedrock-agentcore-limits.md).
    peak_concurrent_calls: int = Field(
        20,
        ge=1,
        le=5_000,
        description="Calls in progress at the busiest time.",
        json_schema_extra=_price("US$0.03 a month per channel, US$0.12 per 1,000 allocation minutes"),
    )
    # One when only the caller's side is relayed, two when both are; a renewed address family adds to it.
    allocations_per_call: int = Field(
        2,
        ge=1,
        le=4,
        validate_default=True,
        description="Relay allocations that one call holds, both ends together.",
    )

    @property
    def channels(self) -> int:
        """Signaling channels that the peaks need, by whichever limit is reached first."""
        return _channels(
            self.peak_new_sessions_per_second, self.peak_concurrent_calls, self.allocations_per_call
        )

    @field_validator("allocations_per_call")
    @classmethod
    def _fit_the_pool(cls, allocations: int, info: ValidationInfo) -> int:
        needed = _channels(
            info.data.get("peak_new_sessions_per_second", 0),
            info.data.get("peak_concurrent_calls", 0),
            allocations,
        )
        if needed > MOST_CHANNELS:
            raise ValueError(
                f"the peaks need {needed} signaling channels, and {MOST_CHANNELS} are the most that the "
                "agent's environment can name: lower a peak, or choose kind coturn"
            )
        return allocations


def _channels(sessions_per_second: float, calls: int, allocations_per_call: int) -> int:
    by_rate = sessions_per_second / CHANNEL_ISSUES_PER_SECOND
    return ceil(max(by_rate, calls * allocations_per_call / CHANNEL_ALLOCATIONS))


class CoturnConfig(Section):
    """TURN relays run by us: coturn on Graviton instances, and their upkeep."""

    kind: Literal["coturn"]
    realm: str = Field(
        pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$", description="Domain that relay credentials are valid for."
    )
    # One relay carries 250 calls with two allocations each at 75 % of a core (measured, decision 14).
    relays: int = Field(
        2,
        ge=1,
        le=8,
        description="Relays, each with an Elastic IP address of its own; one carries about 250 calls.",
        json_schema_extra=_price(
            "the instance, its 8 GB disk (US$0.64 a month) and US$3.65 a month for its address"
        ),
    )
    instance_type: Literal["t4g.small", "c7g.medium", "c8g.medium"] = Field(
        "t4g.small",
        description="Graviton instance of a relay.",
        json_schema_extra=_price("per hour: t4g.small US$0.0168, c7g.medium US$0.0363, c8g.medium US$0.0399"),
    )
    # RFC 8656 suggests 49152 to 65535 for relayed addresses.
    relay_ports_first: int = Field(
        49152, ge=49152, le=65535, description="First UDP port of the relay range."
    )
    relay_ports_last: int = Field(50175, ge=49152, le=65535, description="Last UDP port of the relay range.")

    @field_validator("relay_ports_last")
    @classmethod
    def _hold_the_calls(cls, last: int, info: ValidationInfo) -> int:
        first = info.data.get("relay_ports_first", last)
        if "relay_ports_first" in info.data and last - first + 1 < LEAST_RELAY_PORTS:
            raise ValueError(
                f"leaves {last - first + 1} ports from {first} on; 250 calls need {LEAST_RELAY_PORTS}"
            )
        return last


class ExternalTurnConfig(Section):
    """TURN relays of a third party; its key stays in the deployer's own Secrets Manager secret."""

    kind: Literal["external"]
    provider: Literal["cloudflare", "twilio", "static"] = Field(description="Who runs the relays.")
    secret_arn: str = Field(
        pattern=r"^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]+-\w{6}$",
        description="Complete ARN of the secret with the provider's key; create it before deploying.",
        json_schema_extra=_price("US$0.40 a month"),
    )


type TurnConfig = Annotated[
    ManagedTurnConfig | CoturnConfig | ExternalTurnConfig, Field(discriminator="kind")
]


class RuntimeConfig(Section):
    """The agent on AgentCore Runtime, and the caps of one call."""

    # Ids from the model cards; `stacks/regions.py` says where they run.
    model_id: Literal["amazon.nova-2-5-sonic", "amazon.nova-2-sonic-v1:0"] = Field(
        "amazon.nova-2-5-sonic",
        description="Speech-to-speech model. 2.5 answers about 0.4 s after the caller stops, 2 waits 1.5 to 2 s.",
        json_schema_extra=_price(
            "speech US$3 in and US$12 out, text US$0.33 in and US$2.75 out per million tokens"
        ),
    )
    # Nova Sonic language support page, October 2026.
    voice_id: Literal[
        "tiffany", "matthew", "amy", "olivia", "kiara", "arjun", "ambre", "florian", "beatrice", "lorenzo",
        "tina", "lennart", "lupe", "carlos", "carolina", "leo",
    ] = Field("tiffany", description="Voice of the agent; tiffany and matthew speak every language.")  # fmt: skip
    endpointing_sensitivity: Literal["HIGH", "MEDIUM", "LOW"] = Field(
        "HIGH", description="How short a pause ends the caller's turn; HIGH answers soonest."
    )
    # AgentCore ends a microVM session after 60 s of idleness at the earliest, and the CDK construct
    # rejects less (runtime-lifecycle-settings.md; service model: 60 to 1,209,600).
    idle_seconds: int = Field(
        60, ge=60, le=900, description="Silence from both ends after which a call ends."
    )
    # A WebSocket on AgentCore lasts 60 minutes at most, not adjustable (bedrock-agentcore-limits.md).
    call_seconds: int = Field(
        900,
        ge=60,
        le=3_600,
        description="Longest call.",
        json_schema_extra=_price("about US$0.0084 per minute for the model, US$0.001 for AgentCore"),
    )
    # A full hour costs about US$0.50 for the model: 50 is two orders above, a typing error beyond it.
    call_cost_usd: float = Field(
        1.0, ge=0.05, le=50, description="What one call may cost in model tokens before it ends politely."
    )
    endpoint_version: int | None = Field(
        None,
        ge=1,
        description="Version of the agent that calls reach; none is the newest. Set it to roll back.",
    )
    log_retention_days: RetentionDays = Field(
        30, description="How long the agent's logs are kept.", json_schema_extra=_price(LOG_PRICE)
    )

    @field_validator("call_seconds")
    @classmethod
    def _outlasts_silence(cls, call_seconds: int, info: ValidationInfo) -> int:
        if call_seconds < info.data.get("idle_seconds", 0):
            raise ValueError(
                f"is shorter than idle_seconds ({info.data['idle_seconds']}), which could never act"
            )
        return call_seconds


class DoorConfig(Section):
    """The HTTP API that opens sessions, and the caps it holds."""

    # Bedrock: 20 concurrent Nova Sonic streams per account and Region by default; a session hand-over
    # holds two for a moment, so the default stays below.  AgentCore: 5,000 sessions.
    concurrency: int = Field(15, ge=1, le=5_000, description="Sessions that may be open at once.")
    # The AgentCore SDK's MAX_PRESIGNED_URL_TIMEOUT is 300.
    join_seconds: int = Field(
        60, ge=10, le=300, description="Life of the way into a session, from request to join."
    )
    # The agent beats every 10 s; three lost ones are the least that is no accident.
    heartbeat_lost_seconds: int = Field(
        60, ge=30, le=600, description="Silence of an agent after which the reaper ends its session."
    )
    # API Gateway: 10,000 requests per second per account and Region by default.
    requests_per_second: int = Field(
        10, ge=1, le=1_000, description="Requests per second that the API accepts."
    )
    request_burst: int = Field(20, ge=1, le=2_000, description="Requests at once that the API accepts.")
    # Lambda keeps 100 of an account's quota unreserved; new accounts have a quota of 10 to begin with
    # ("Configuring reserved concurrency" and "Lambda quotas", Lambda developer guide).
    reserved_concurrency: int = Field(
        0,
        ge=0,
        le=500,
        description="Requests at once that the door's function can always serve, and never more; "
        "0 shares the account's quota, which is all that a new account allows.",
    )
    allowed_origins: tuple[Annotated[str, Field(pattern=r"^https?://[^/*\s]+$")], ...] = Field(
        (), strict=False, description="Origins of web pages that may call the API; none is no browser at all."
    )
    log_retention_days: RetentionDays = Field(
        30, description="How long access and function logs are kept.", json_schema_extra=_price(LOG_PRICE)
    )


class MonitoringConfig(Section):
    """What is watched, and who is woken."""

    alarm_email: Email = Field(
        description="Who hears of every alarm; SNS sends a confirmation to answer first."
    )
    # A caller talks over an agent that takes longer than two seconds (sample-voice-agent alarms at 2,000).
    voice_to_voice_p95_milliseconds: int = Field(
        2_000, ge=300, le=10_000, description="Slowest 95th percentile of answers that wakes nobody."
    )


class BillingConfig(Section):
    """What the account may cost before somebody is told."""

    alarm_email: Email = Field(description="Who hears when money runs away.")
    monthly_budget_usd: int = Field(
        100,
        ge=1,
        le=1_000_000,
        description="Monthly budget; told at 50, 80 and 100 %, and when it is forecast.",
    )
    anomaly_usd: int = Field(
        20, ge=1, le=1_000_000, description="Unusual spend of one day, in one service, worth a mail."
    )
    # One monitor of services per account; CloudFormation answers a second one with `AlreadyExists: null`
    # (aws-cloudformation/cloudformation-coverage-roadmap#2515).
    anomaly_monitor_arn: str | None = Field(
        None,
        pattern=r"^arn:aws[a-z-]*:ce::\d{12}:anomalymonitor/[0-9a-f-]{36}$",
        description="Existing monitor of AWS services to subscribe to; an account can have only one, so only "
        "its first stage may leave this out. Accounts with Cost Explorer have one from the start.",
    )


class EndpointsConfig(Section):
    """Where an embedded cloud on this machine answers; absent on AWS."""

    # Loopback only: a stage must not be able to send calls and credentials to another host.
    services: str = Field(
        pattern=r"^http://localhost:\d{1,5}$", description="All services but the two below."
    )
    bedrock: str = Field(pattern=r"^https://localhost:\d{1,5}$", description="The model (HTTP/2 needs TLS).")
    agentcore: str = Field(pattern=r"^http://localhost:\d{1,5}$", description="The data plane of AgentCore.")
