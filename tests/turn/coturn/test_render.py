import re
from pathlib import Path

import pytest

from turn.coturn import render as module
from turn.coturn.render import RenderError, render

FOLDER = Path(module.__file__).parent
VALUES = {
    "PRIVATE_IP": "10.0.0.20",
    "PUBLIC_IP": "203.0.113.20",
    "RELAY_PORTS_FIRST": "49152",
    "RELAY_PORTS_LAST": "50175",
    "REALM": "turn.example",
    "SECRET": "foobar",
    "TOTAL_QUOTA": "1024",
    "CERTIFICATE": "/etc/hotline/relay.pem",
    "PRIVATE_KEY": "/etc/hotline/relay.key",
}
USER_DATA_LIMIT_BYTES = 16 * 1024  # EC2 user guide, "Run commands when you launch an EC2 instance"


@pytest.mark.parametrize("name", ["turnserver.conf", "host.nft"])
def test_nothing_is_left_open(name):
    """coturn would take `@SECRET@` for the secret and start happily."""
    made = render((FOLDER / name).read_text(), VALUES)

    assert made
    assert "@" not in made.replace("add @guests", "")


def test_without_a_certificate_tls_is_left_out_and_nothing_else():
    """A relay without a name still serves UDP and plain TCP."""
    template = (FOLDER / "turnserver.conf").read_text()
    with_tls = render(template, VALUES).splitlines()
    without = render(template, {**VALUES, "CERTIFICATE": "", "PRIVATE_KEY": ""}).splitlines()

    assert [line for line in with_tls if line not in without] == [
        "cert=/etc/hotline/relay.pem",
        "pkey=/etc/hotline/relay.key",
    ]


def test_a_missing_value_is_named():
    """A relay with half a configuration must not start."""
    with pytest.raises(RenderError, match="@REALM@ has no value"):
        render("realm=@REALM@", {})


def test_a_value_cannot_smuggle_in_an_option():
    """A secret that somebody typed with a second line would switch authentication off, and is not shown."""
    with pytest.raises(RenderError, match="@SECRET@ is not one printable line") as raised:
        render("static-auth-secret=@SECRET@", {"SECRET": "foobar\nno-auth"})

    assert "foobar" not in str(raised.value)


def test_a_value_is_text_and_no_template():
    """What looks like a place, in a secret that a human chose, stays as it is."""
    assert render("s=@SECRET@", {"SECRET": r"@REALM@\1", "REALM": "no"}) == "s=@REALM@\\1\n"


def test_each_option_has_its_reason():
    """Nobody may loosen a relay without reading why it is tight."""
    blocks = re.split(r"\n\n", (FOLDER / "turnserver.conf").read_text())

    assert all(block.lstrip().startswith("#") for block in blocks)


def test_everything_fits_into_user_data():
    """EC2 refuses a launch template beyond that, and only when an instance starts."""
    files = ("turnserver.conf", "host.nft", "render.py", "boot.sh")

    assert sum((FOLDER / name).stat().st_size for name in files) < 0.9 * USER_DATA_LIMIT_BYTES
