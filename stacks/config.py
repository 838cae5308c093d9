"""One stage of the kit, read from the `stages` table of `cdk.json` and checked as a whole.

`app.py` reads it once; nothing else reads CDK context.
"""

import json
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Self

from pydantic import Field, ValidationError, ValidationInfo, field_validator

from stacks.regions import CASCADE_PROFILES, DEPLOYABLE_REGIONS
from stacks.sections.auth import AuthConfig, CognitoAuthConfig, IamAuthConfig, OidcAuthConfig
from stacks.sections.brain import CascadeConfig, SonicConfig
from stacks.sections.bridge import FargateBridgeConfig, LocalBridgeConfig
from stacks.sections.door import DoorConfig
from stacks.sections.endpoints import EndpointsConfig
from stacks.sections.escalation import CallbackConfig, EscalationConfig, QueueConfig
from stacks.sections.guests import GuestsConfig
from stacks.sections.network import NetworkConfig
from stacks.sections.page import PageConfig
from stacks.sections.runtime import RuntimeConfig
from stacks.sections.section import Section
from stacks.sections.telephony import PhoneLineConfig, TelephonyConfig
from stacks.sections.turn import CoturnConfig, ExternalTurnConfig, ManagedTurnConfig, TurnConfig
from stacks.sections.watch import BillingConfig, MonitoringConfig

__all__ = [
    "AuthConfig",
    "BillingConfig",
    "CallbackConfig",
    "CascadeConfig",
    "CognitoAuthConfig",
    "ConfigError",
    "CoturnConfig",
    "DeploymentConfig",
    "DoorConfig",
    "EndpointsConfig",
    "EscalationConfig",
    "ExternalTurnConfig",
    "FargateBridgeConfig",
    "GuestsConfig",
    "IamAuthConfig",
    "LocalBridgeConfig",
    "ManagedTurnConfig",
    "MonitoringConfig",
    "NetworkConfig",
    "OidcAuthConfig",
    "PageConfig",
    "PhoneLineConfig",
    "QueueConfig",
    "RuntimeConfig",
    "SonicConfig",
    "TelephonyConfig",
    "TurnConfig",
]


class ConfigError(ValueError):
    """The stage cannot be deployed as it is written; nothing was synthesised."""


class DeploymentConfig(Section):
    """One stage of the kit, complete: hand stacks the section they need, never the whole."""

    # Stack names and the runtime's name ([a-zA-Z][a-zA-Z0-9_]{0,47}) are made of it.
    stage: str = Field(
        pattern=r"^[a-z][a-z0-9]{0,15}$", description="Name of the stage: its key in `stages`."
    )
    region: str = Field(
        description="AWS Region of every stack but Billing, which is in us-east-1; one of "
        f"{', '.join(sorted(DEPLOYABLE_REGIONS))}."
    )
    network: NetworkConfig
    turn: TurnConfig = Field(description="Who runs the TURN relays, chosen by `kind`.")
    runtime: RuntimeConfig
    door: DoorConfig
    page: PageConfig = Field(default_factory=lambda: PageConfig.model_validate({}))
    monitoring: MonitoringConfig
    billing: BillingConfig
    endpoints: EndpointsConfig | None = Field(
        None, description="Where an embedded cloud on this machine answers; absent on AWS."
    )
    auth: AuthConfig = Field(description="Who may call, chosen by `kind`.")
    guests: GuestsConfig | None = Field(
        None, description="Invite links for people who cannot sign in; absent lets none in."
    )
    escalation: EscalationConfig | None = Field(
        None,
        description="How callers are handed over to people, chosen by `kind`; absent, the agent does not offer it.",
    )
    telephony: TelephonyConfig | None = Field(None, description="Calls from phones; absent takes none.")

    @field_validator("auth")
    @classmethod
    def _believes_this_machine_only_on_it(cls, auth: AuthConfig, info: ValidationInfo) -> AuthConfig:
        on_this_machine = isinstance(auth, OidcAuthConfig) and auth.is_on_this_machine
        if on_this_machine and info.data.get("endpoints") is None:
            raise ValueError(
                "issuer is on this machine, where AWS cannot reach it; name the https URL of the company's issuer, "
                "or choose kind cognito"
            )
        return auth

    @field_validator("region")
    @classmethod
    def _has_everything(cls, region: str) -> str:
        if region not in DEPLOYABLE_REGIONS:
            raise ValueError(
                "Nova Sonic and AgentCore platform V2 are not both offered there; choose from "
                + ", ".join(sorted(DEPLOYABLE_REGIONS))
            )
        return region

    @field_validator("runtime")
    @classmethod
    def _thinks_where_it_is(cls, runtime: RuntimeConfig, info: ValidationInfo) -> RuntimeConfig:
        region = info.data.get("region")
        if isinstance(runtime.brain, CascadeConfig) and region and region not in CASCADE_PROFILES:
            raise ValueError(
                f"brain is a cascade, whose text model is not known to be reachable from {region}; choose kind sonic, "
                f"or a region of {', '.join(sorted(CASCADE_PROFILES))}"
            )
        return runtime

    @field_validator("door")
    @classmethod
    def _lets_in_no_more_than_relays_carry(cls, door: DoorConfig, info: ValidationInfo) -> DoorConfig:
        turn = info.data.get("turn")
        if isinstance(turn, ManagedTurnConfig) and door.concurrency > turn.peak_concurrent_calls:
            raise ValueError(
                f"concurrency ({door.concurrency}) exceeds turn.peak_concurrent_calls "
                f"({turn.peak_concurrent_calls}), so calls let in would find no relay; raise that or lower this"
            )
        return door

    @field_validator("guests")
    @classmethod
    def _are_no_more_than_callers(
        cls, guests: GuestsConfig | None, info: ValidationInfo
    ) -> GuestsConfig | None:
        door, runtime = info.data.get("door"), info.data.get("runtime")
        if guests and door and guests.concurrency > door.concurrency:
            raise ValueError(
                f"concurrency ({guests.concurrency}) exceeds door.concurrency ({door.concurrency}), of which it is "
                "a part; lower this or raise that"
            )
        if guests and runtime and guests.call_seconds > runtime.call_seconds:
            raise ValueError(
                f"call_seconds ({guests.call_seconds}) exceeds runtime.call_seconds ({runtime.call_seconds}), which "
                "ends every call; lower this or raise that"
            )
        return guests

    @field_validator("telephony")
    @classmethod
    def _is_part_of_all_calls(
        cls, telephony: TelephonyConfig | None, info: ValidationInfo
    ) -> TelephonyConfig | None:
        door = info.data.get("door")
        if telephony and door and telephony.concurrency > door.concurrency:
            raise ValueError(
                f"concurrency ({telephony.concurrency}) exceeds door.concurrency ({door.concurrency}), of which it is "
                "a part; lower this or raise that"
            )
        return telephony

    @field_validator("telephony")
    @classmethod
    def _has_a_bridge_that_can_be_there(
        cls, telephony: TelephonyConfig | None, info: ValidationInfo
    ) -> TelephonyConfig | None:
        bridge = telephony.bridge if telephony else None
        is_local = info.data.get("endpoints") is not None
        if isinstance(bridge, FargateBridgeConfig) and is_local:
            raise ValueError("has a bridge on Fargate, which an embedded cloud has not; choose kind process")
        if isinstance(bridge, LocalBridgeConfig) and not is_local:
            raise ValueError(
                "has a bridge on this machine, where no provider reaches it; choose kind fargate"
            )
        return telephony

    @classmethod
    def for_stage(cls, stage: str, stages: Mapping[str, Any], overrides: str = "") -> Self:
        """Check the entry for *stage*, after merging the JSON object *overrides* deeply over it.

        Raises:
            ConfigError: The stage is absent, *overrides* is no JSON object, or values are unknown, missing,
                impossible or out of bounds.  The message names every one of them, not just the first.
        """
        if stage not in stages:
            known = ", ".join(sorted(stages)) or "none"
            raise ConfigError(
                f"cdk.json has no stage {stage!r}, so nothing was synthesised; choose one with "
                f"`-c stage=NAME` (stages: {known})."
            )
        values = _merged(stages[stage], _object(overrides))
        try:
            return cls.model_validate({**values, "stage": stage}, context={"region": values.get("region")})
        except ValidationError as invalid:
            faults = "\n".join(f"  stages.{stage}.{line}" for line in _faults(invalid))
            raise ConfigError(
                f"Stage {stage!r} cannot be deployed, so nothing was synthesised:\n{faults}\n"
                "Correct cdk.json (or -c overrides=...); docs/config.md lists every knob."
            ) from None


def _object(text: str) -> Mapping[str, Any]:
    try:
        value = json.loads(text or "{}")
    except json.JSONDecodeError as fault:
        raise ConfigError(f"-c overrides={text!r} is not JSON ({fault}); pass one JSON object.") from None
    if not isinstance(value, dict):
        raise ConfigError(f"-c overrides={text!r} is not a JSON object; pass one, such as {{}}.")
    return value


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    both = {
        key: _merged(below[key], value)
        for key, value in above.items()
        if isinstance(value, dict) and isinstance(below.get(key), dict) and _same_kind(below[key], value)
    }
    return {**below, **above, **both}


def _same_kind(below: Mapping[str, Any], above: Mapping[str, Any]) -> bool:
    """Say whether knobs of one section mean anything in the other: a new `kind` starts from nothing."""
    return bool(above.get("kind", below.get("kind")) == below.get("kind"))


def _faults(invalid: ValidationError) -> list[str]:
    """Say each fault in one line: where, what is wrong, and what was found there."""
    lines = []
    for fault in invalid.errors(include_url=False):
        # A tagged union adds its tag to the path, but the deployer's file has no such level.
        path = [str(part) for part in fault["loc"] if part not in _KINDS]
        match fault["type"]:
            case "missing":
                lines.append(f"{'.'.join(path)}: is required and missing")
            case "extra_forbidden":
                lines.append(f"{'.'.join(path)}: is no such knob{_meant(path)}")
            case _:
                lines.append(f"{'.'.join(path)}: {_said(fault['msg'])} (got {fault['input']!r})")
    return lines


_KINDS = (
    *("managed", "coturn", "external"),
    *("sonic", "cascade"),
    *("cognito", "oidc", "iam"),
    *("callback", "webhook"),
    *("fargate", "process"),
)
_SECTIONS = {name: one.annotation for name, one in DeploymentConfig.model_fields.items()}


def _meant(path: list[str]) -> str:
    section = _SECTIONS.get(path[0]) if len(path) > 1 else DeploymentConfig
    known = getattr(section, "model_fields", {})
    near = get_close_matches(path[-1], known, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _said(message: str) -> str:
    return message.removeprefix("Value error, ")
