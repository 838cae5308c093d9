"""The knobs of the relays: one section for each way to have them."""

from ipaddress import ip_network
from math import ceil
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from stacks.sections.secret import SecretArn
from stacks.sections.section import SECRET_PRICE, Section, price

# Both ends of the 250 calls that one relay carries hold an allocation, and each is one port.
LEAST_RELAY_PORTS = 500

# Hard limits per signaling channel: 50 allocations and 5 issues of credentials per second
# (kvswebrtc-limits.md, WebRTC developer guide, October 2026).
CHANNEL_ALLOCATIONS = 50
# One less than the limit: requests overtake each other on the way, so that a pool that is exactly full is
# throttled (`tests/turn/test_managed.py` fails without it).
CHANNEL_ISSUES_PER_SECOND = 4
# Lambda allows the environment of a function 4 KB ("Lambda quotas", Lambda developer guide), and the door's
# names every channel; `tests/contract/test_environment.py` counts what an ARN and the rest take of it.
MOST_CHANNELS = 20
# Each of the three kinds once; a caller would wait for no fourth.
MOST_FALLBACKS = 2


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
        json_schema_extra=price(
            "US$0.03 a month per channel, US$0.12 per 1,000 allocation minutes "
            "(aws.amazon.com/kinesis/video-streams/pricing)"
        ),
    )
    # The browser holds one for each URL that it is given (UDP, and TLS on 443), the agent one (measured with
    # Chromium and aiortc).
    allocations_per_call: int = Field(
        3,
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
                "door's environment can name: lower a peak, or choose kind coturn"
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
        json_schema_extra=price(
            "the instance, its 8 GB disk (US$0.64 a month; aws.amazon.com/ebs/pricing) and US$3.65 a month for its "
            "address (aws.amazon.com/vpc/pricing)"
        ),
    )
    instance_type: Literal["t4g.small", "c7g.medium", "c8g.medium"] = Field(
        "t4g.small",
        description="Graviton instance of a relay.",
        json_schema_extra=price(
            "per hour: t4g.small US$0.0168, c7g.medium US$0.0363, c8g.medium US$0.0399 "
            "(aws.amazon.com/ec2/pricing/on-demand)"
        ),
    )
    # certbot proves each relay's name there, and the names of relays lead to their addresses.
    hosted_zone_id: str | None = Field(
        None,
        pattern=r"^Z[A-Z0-9]{1,31}$",
        description="Public Route 53 zone that the realm lies in.  With it relays have names, certificates that renew "
        "themselves (Let's Encrypt) and TLS on port 443; without it networks that let only TLS out stay shut.",
        json_schema_extra=price(
            "US$1.50 a month for each relay's health check: US$0.50, and US$1 because it asks every 10 s "
            "(aws.amazon.com/route53/pricing)"
        ),
    )
    # A call ends after runtime.call_minutes; CloudFormation waits an hour for a relay at most.
    drain_seconds: int = Field(
        900,
        ge=60,
        le=2_700,
        description="How long calls may go on while a relay is replaced or updated; then they are cut.",
    )
    image_revision: int = Field(
        1,
        ge=1,
        le=9_999,
        description="Raise it to build the relays' image anew, with the packages of that day.",
    )
    # RFC 8656 suggests 49152 to 65535 for relayed addresses.
    relay_ports_first: int = Field(
        49152, ge=49152, le=65535, description="First UDP port of the relay range."
    )
    relay_ports_last: int = Field(50175, ge=49152, le=65535, description="Last UDP port of the relay range.")

    @property
    def names(self) -> tuple[str, ...]:
        """What relays are called in DNS, if they are."""
        return tuple(f"relay{number}.{self.realm}" for number in range(1, self.relays + 1))

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
    secret_arn: SecretArn = Field(
        description="Complete ARN of the secret with the provider's key; create it before deploying.",
        json_schema_extra=price(SECRET_PRICE),
    )


type TurnSource = Annotated[
    ManagedTurnConfig | CoturnConfig | ExternalTurnConfig, Field(discriminator="kind")
]


def _network(text: str) -> str:
    if ip_network(text).num_addresses > MOST_RELAY_ADDRESSES:
        raise ValueError(f"has more than {MOST_RELAY_ADDRESSES} addresses; name the relays' own network")
    return text


type PrivateNetwork = Annotated[str, AfterValidator(_network)]

MOST_RELAY_ADDRESSES = 65_536
"""As many as 10.20.0.0/16 has."""


class Preferred(Section):
    """What the source that is asked first says for all of them."""

    caller_policy: Literal["relay", "all"] = Field(
        "relay",
        description="Paths that a browser may take: `relay` shows its addresses to the relay alone, `all` also "
        "tries direct ones; neither joins sooner.",
    )
    # The agent sends packets to whatever candidate a caller names, so each network here is one that callers reach.
    relay_networks: tuple[PrivateNetwork, ...] = Field(
        (),
        strict=False,
        max_length=8,
        description="Networks that are not on the Internet and that relays give callers addresses of, as in "
        "10.20.0.0/24: candidates in any other network of that kind are refused.",
    )
    fallback: tuple[TurnSource, ...] = Field(
        (),
        strict=False,
        max_length=MOST_FALLBACKS,
        description="Relays that stand in when those of this section cannot be had, in the order of asking: sections "
        "of any kind, without `caller_policy` and `fallback`.",
        json_schema_extra=price("as each section: what stands by is deployed"),
    )

    @model_validator(mode="after")
    def _have_one_of_each(self) -> Self:
        kinds = [getattr(self, "kind", ""), *(one.kind for one in self.fallback)]
        if twice := {kind for kind in ("managed", "coturn") if kinds.count(kind) > 1}:
            raise ValueError(
                f"has kind {' and '.join(sorted(twice))} twice, and a stage has one pool and one group of relays: make "
                "it larger, or choose another kind as fallback"
            )
        return self

    def first[Config: TurnSource](self, kind: type[Config]) -> Config | None:
        """Return the section of class *kind*, in whatever place it is."""
        return next((one for one in (self, *self.fallback) if isinstance(one, kind)), None)


class PreferredManaged(ManagedTurnConfig, Preferred):
    """TURN relays run by Kinesis Video Streams: nothing of ours to patch."""


class PreferredCoturn(CoturnConfig, Preferred):
    """TURN relays run by us: coturn on Graviton instances, and their upkeep."""


class PreferredExternal(ExternalTurnConfig, Preferred):
    """TURN relays of a third party; its key stays in the deployer's own Secrets Manager secret."""


type TurnConfig = Annotated[
    PreferredManaged | PreferredCoturn | PreferredExternal, Field(discriminator="kind")
]
