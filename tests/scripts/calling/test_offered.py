import pytest
from aiortc import RTCPeerConnection

from runtime.door.addresses import Addresses
from runtime.door.sdp import taken
from scripts.calling.offered import taken_of
from tests.door.offers import CHROMIUM, with_candidate


@pytest.mark.parametrize("address", ["192.168.1.10", "fd00::2", "127.0.0.1"])
def test_private_addresses_stay_with_the_caller(address):
    """The door refuses them, and the agent could not use them."""
    assert taken_of(with_candidate(CHROMIUM, address)) == CHROMIUM


@pytest.mark.parametrize(("address", "kind"), [("203.0.113.7", "host"), ("10.20.0.9", "relay")])
def test_what_the_agent_may_reach_is_offered(address, kind):
    """A relay's address is the door's to judge: the deployment may have put it inside."""
    offer = with_candidate(CHROMIUM, address, kind=kind)

    assert taken_of(offer) == offer


async def test_what_aiortc_offers_is_taken_by_the_door():
    """With the addresses of this machine in it, also where ICE does not look."""
    connection = RTCPeerConnection()
    try:
        connection.addTransceiver("audio", direction="sendrecv")
        connection.createDataChannel("rtvi")
        await connection.setLocalDescription(await connection.createOffer())
        offer = taken_of(connection.localDescription.sdp)
    finally:
        await connection.close()

    assert taken(offer, Addresses())
