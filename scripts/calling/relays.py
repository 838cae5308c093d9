"""The caller's way to a relay: which one, and in aiortc's words."""

from aiortc import RTCBundlePolicy, RTCConfiguration, RTCIceServer
from aiortc.rtcconfiguration import RTCIceTransportPolicy

from runtime.errors import InvocationError
from runtime.transports.relays import Way, find_way, read_ice_servers
from scripts.calling.door import Invitation
from scripts.calling.errors import NoPathError, RefusedError
from scripts.calling.path import RELAY
from turn.errors import NoWayError
from turn.relay_url import RelayUrl


async def find_callers_way(invitation: Invitation) -> Way:
    """Try every relay as the agent does, because aiortc uses one only.

    Raises:
        NoPathError: None answers, or there is none although the caller may use nothing else.
        RefusedError: The door handed out something that is no relay.
    """
    try:
        way = await find_way(read_ice_servers(list(invitation.ice_servers)))
    except InvocationError as fault:
        raise RefusedError(f"The door's relays cannot be used: {fault}") from fault
    except NoWayError as fault:
        raise NoPathError(str(fault)) from fault
    if way.relay is None and invitation.ice_transport_policy == RELAY:
        raise NoPathError("The door lets callers use relays only, and handed out none.")
    return way


def configuration(way: Way, policy: str) -> RTCConfiguration:
    """Return what aiortc needs for *way*, and for nothing that *policy* forbids."""
    servers = [RTCIceServer(urls=way.stun_url)] if way.stun_url and policy != RELAY else []
    if way.relay:
        relay = way.relay
        servers.append(RTCIceServer(urls=relay.urls[0], username=relay.username, credential=relay.credential))
    return RTCConfiguration(
        iceServers=servers,
        iceTransportPolicy=RTCIceTransportPolicy(policy),
        bundlePolicy=RTCBundlePolicy.MAX_BUNDLE,
    )


def protocol(url: str) -> str:
    """Return how the relay at *url* is reached: `udp`, `tcp` or `tls`."""
    parsed = RelayUrl.parse(url)
    return "tls" if parsed.tls else parsed.transport
