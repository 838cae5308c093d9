"""The page leaves out what the door would refuse: two lists of the same networks, in two languages."""

import json
import subprocess
from pathlib import Path

from runtime.door.addresses import Addresses
from scripts.webpage.packages import NODE
from tests.door.offers import CHROMIUM, candidate, with_candidate
from tests.door.test_sdp import HIDDEN, INSIDE_ADDRESSES, OUTSIDE_ADDRESSES

SOURCE = Path(__file__).parents[2] / "runtime/door/page/src/addresses.ts"
EDGES = [
    *("9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0"),
    *("169.253.0.1", "192.167.0.1", "192.169.0.1", "198.17.0.1", "198.20.0.1", "223.255.255.255"),
    *("2001:200::1", "2001:1ff::1", "2001:0:0:0::1", "2001::1", "2003::1", "3fff::1", "2002::1"),
]


def run(program: str, given: object) -> object:
    """Return what *program*, with `page` for the module, makes of *given*."""
    code = f"import * as page from {json.dumps(SOURCE.as_uri())}; const given = {json.dumps(given)};"
    code += f"console.log(JSON.stringify({program}))"
    done = subprocess.run(
        [NODE, "--experimental-strip-types", "--no-warnings", "--input-type=module", "-e", code],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_the_page_knows_which_addresses_the_door_refuses():
    """One that it sends nevertheless costs the whole batch of candidates it travels in."""
    addresses = [*INSIDE_ADDRESSES, *OUTSIDE_ADDRESSES, *EDGES, HIDDEN]

    sent = run("given.map(page.isTaken)", [candidate(one) for one in addresses])

    assert dict(zip(addresses, sent, strict=True)) == {one: not Addresses().fault(one) for one in addresses}


def test_a_relays_address_is_the_doors_to_judge():
    """The deployment may have put its relays inside."""
    relayed = [candidate(one, kind="relay") for one in INSIDE_ADDRESSES]

    assert run("given.every(page.isTaken)", relayed) is True


def test_an_offer_is_sent_without_them():
    """A browser that found its own addresses early has written them into the offer."""
    offered = with_candidate(with_candidate(CHROMIUM, "203.0.113.7"), "192.168.1.10").replace(
        "c=IN IP4 0.0.0.0", "c=IN IP4 192.168.1.10", 1
    )

    assert run("page.takenOf(given)", offered) == with_candidate(CHROMIUM, "203.0.113.7")
