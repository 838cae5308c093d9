"""From the settings of a deployment to the source of relays that they describe."""

from collections.abc import Sequence
from typing import assert_never

from turn.clients import Clients
from turn.errors import TurnSettingsError
from turn.external import CloudflareIceServers, StaticIceServers, TwilioIceServers
from turn.fallback import FallbackIceServers
from turn.ice_server import IceServers
from turn.leases import Leases
from turn.managed import ManagedIceServers
from turn.secret import Secret
from turn.settings import CoturnSettings, ExternalTurnSettings, ManagedTurnSettings, TurnSettings
from turn.shared_secret import SharedSecretIceServers
from turn.signaling import KinesisVideoSignaling


def ice_servers_from(
    settings: TurnSettings,
    *,
    fallback: Sequence[TurnSettings] = (),
    services_url: str | None = None,
    leases: Leases | None = None,
    clients: Clients | None = None,
) -> IceServers:
    """Return the source that *settings* describe, and behind it those that stand in for it.

    Nothing is connected before the first call is issued credentials.

    Args:
        settings: Where relays come from.
        fallback: Where they come from when that fails, in order.
        services_url: Where AWS answers when it is not AWS.
        leases: Who counts the allocations of a managed pool; by default this process its own.
        clients: Makes the clients of AWS; by default nobody else's.

    Raises:
        TurnSettingsError: An external provider is not one that we know.
    """
    clients = clients or Clients()
    sources = [_source(one, services_url, leases, clients) for one in (settings, *fallback)]
    return sources[0] if len(sources) == 1 else FallbackIceServers(sources)


def _source(
    settings: TurnSettings, services_url: str | None, leases: Leases | None, clients: Clients
) -> IceServers:
    match settings:
        case ManagedTurnSettings():
            return ManagedIceServers(
                channel_arns=settings.channel_arns,
                signaling=KinesisVideoSignaling(services_url=services_url, clients=clients),
                stun_url=settings.stun_url,
                leases=leases,
            )
        case CoturnSettings():
            return SharedSecretIceServers(
                hosts=settings.addresses,
                tls_hosts=settings.addresses if settings.tls else (),
                secret=Secret(settings.secret_arn, services_url=services_url, clients=clients),
            )
        case ExternalTurnSettings():
            secret = Secret(settings.secret_arn, services_url=services_url, clients=clients)
            return _external(settings.provider, secret)
        case _:
            assert_never(settings)


def _external(provider: str, secret: Secret) -> IceServers:
    match provider:
        case "cloudflare":
            return CloudflareIceServers(secret=secret)
        case "static":
            return StaticIceServers(secret=secret)
        case "twilio":
            return TwilioIceServers(secret=secret)
        case _:
            raise TurnSettingsError(
                f"{provider!r} is no provider of relays that is known, so there is no way for audio.  Choose "
                "cloudflare, static or twilio as turn.provider of the stage and deploy."
            )
