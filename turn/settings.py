"""Where relays come from: the part of the environment that is about TURN, defined once.

`stacks` writes these variables, the program that issues relay credentials reads them.  Values are
checked where they are read: while a stack is synthesised an ARN is still a token.

Sources that stand in for the first one have the same variables with `FALLBACK_1_`, `FALLBACK_2_` in them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from turn.errors import TurnSettingsError

PREFIX = "HOTLINE_TURN_"
KIND = "HOTLINE_TURN_KIND"
CHANNEL_ARNS = "HOTLINE_TURN_CHANNEL_ARNS"
STUN_URL = "HOTLINE_TURN_STUN_URL"
ADDRESSES = "HOTLINE_TURN_ADDRESSES"
REALM = "HOTLINE_TURN_REALM"
TLS = "HOTLINE_TURN_TLS"
PROVIDER = "HOTLINE_TURN_PROVIDER"
SECRET_ARN = "HOTLINE_TURN_SECRET_ARN"  # noqa: S105 - a variable's name, not a secret


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedTurnSettings:
    """Relays of Kinesis Video Streams, reached through a pool of signaling channels."""

    KIND: ClassVar = "managed"

    channel_arns: tuple[str, ...]
    stun_url: str = ""
    """What tells a browser its public address; empty on the embedded cloud, which has no such service."""

    def to_environment(self) -> dict[str, str]:
        """Return the variables that `turn_settings_from` reads back."""
        stun = {STUN_URL: self.stun_url} if self.stun_url else {}
        return {KIND: self.KIND, CHANNEL_ARNS: ",".join(self.channel_arns), **stun}


@dataclass(frozen=True, slots=True, kw_only=True)
class CoturnSettings:
    """Relays of our own, which share a secret with whoever issues credentials."""

    KIND: ClassVar = "coturn"

    addresses: tuple[str, ...]
    realm: str
    secret_arn: str
    tls: bool = False
    """Whether the addresses are names, and the relays have certificates for them."""

    def to_environment(self) -> dict[str, str]:
        """Return the variables that `turn_settings_from` reads back."""
        return {
            KIND: self.KIND,
            ADDRESSES: ",".join(self.addresses),
            REALM: self.realm,
            SECRET_ARN: self.secret_arn,
            **({TLS: "1"} if self.tls else {}),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalTurnSettings:
    """Relays of a third party, whose key is in Secrets Manager."""

    KIND: ClassVar = "external"

    provider: str
    secret_arn: str

    def to_environment(self) -> dict[str, str]:
        """Return the variables that `turn_settings_from` reads back."""
        return {KIND: self.KIND, PROVIDER: self.provider, SECRET_ARN: self.secret_arn}


type TurnSettings = ManagedTurnSettings | CoturnSettings | ExternalTurnSettings


def to_environment(sources: Sequence[TurnSettings]) -> dict[str, str]:
    """Return the variables from which `all_turn_settings_from` reads *sources*, the preferred first."""
    variables: dict[str, str] = {}
    for place, source in enumerate(sources):
        prefix = _prefix(place)
        variables |= {
            name.replace(PREFIX, prefix, 1): value for name, value in source.to_environment().items()
        }
    return variables


def all_turn_settings_from(environ: Mapping[str, str]) -> tuple[TurnSettings, ...]:
    """Read every source of relays, the preferred first.

    Raises:
        TurnSettingsError: One is described in a way that `turn_settings_from` refuses.
    """
    sources = [turn_settings_from(environ)]
    while any(name.startswith(_prefix(len(sources))) for name in environ):
        prefix = _prefix(len(sources))
        own = {
            name.replace(prefix, PREFIX, 1): value
            for name, value in environ.items()
            if name.startswith(prefix)
        }
        sources.append(turn_settings_from(own))
    return tuple(sources)


def _prefix(place: int) -> str:
    return f"{PREFIX}FALLBACK_{place}_" if place else PREFIX


def turn_settings_from(environ: Mapping[str, str]) -> TurnSettings:
    """Read where relays come from in the first place.

    Raises:
        TurnSettingsError: The kind is unknown or a variable of that kind is missing; the message names
            every one that is.
    """
    read = _Reader(environ)
    settings: TurnSettings
    match read.one(KIND):
        case ManagedTurnSettings.KIND:
            settings = ManagedTurnSettings(
                channel_arns=read.many(CHANNEL_ARNS), stun_url=environ.get(STUN_URL, "")
            )
        case CoturnSettings.KIND:
            settings = CoturnSettings(
                addresses=read.many(ADDRESSES),
                realm=read.one(REALM),
                secret_arn=read.one(SECRET_ARN),
                tls=bool(environ.get(TLS)),
            )
        case ExternalTurnSettings.KIND:
            settings = ExternalTurnSettings(provider=read.one(PROVIDER), secret_arn=read.one(SECRET_ARN))
        case kind:
            raise TurnSettingsError(
                f"{KIND} is {kind!r}, so there is no relay to send audio through.  The stack sets it to "
                "managed, coturn or external: deploy it again, or export it for a run by hand."
            )
    read.check()
    return settings


class _Reader:
    """Reads variables and remembers those that were not there."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._missing: list[str] = []

    def one(self, name: str) -> str:
        value = self._environ.get(name, "")
        if not value and name != KIND:
            self._missing.append(name)
        return value

    def many(self, name: str) -> tuple[str, ...]:
        return tuple(one for one in self.one(name).split(",") if one)

    def check(self) -> None:
        if self._missing:
            raise TurnSettingsError(
                f"{' and '.join(self._missing)} is not set, so there is no relay to send audio through.  "
                "The stack sets it: deploy it again, or export it for a run by hand."
            )
