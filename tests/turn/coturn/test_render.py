import re
from pathlib import Path

import pytest

from turn.coturn import render as module
from turn.coturn.render import RETIRED, RenderError, configuration, render

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


@pytest.mark.parametrize("version", [(4, 6, 1), (4, 18, 0)])
def test_an_instance_has_no_secret_in_a_file(version):
    """A disk is copied, a file is read; memory is gone with the instance."""
    made = configuration(version, {**VALUES, "SECRET": "", "SECRETS_DATABASE": "/run/hotline/secrets.db"})

    assert "static-auth-secret" not in made
    assert "userdb=/run/hotline/secrets.db\n" in made
    assert "use-auth-secret\n" in made


def test_a_newer_coturn_is_told_what_it_knows_and_nothing_that_it_retired():
    """It logs an error for each, and the one that mattered would be among twenty."""
    made = configuration((4, 18, 0), {**VALUES, "SECRETS_DATABASE": ""}).splitlines()

    assert not RETIRED & set(made)
    assert "unauthorized-ratelimit" in made
    assert set(made) > set(render((FOLDER / "turnserver.conf").read_text(), VALUES).splitlines()) - RETIRED


def test_an_older_coturn_is_told_what_newer_ones_do_by_themselves():
    """4.6.1 opens a console, speaks DTLS and tells its version unless it is told not to."""
    made = configuration((4, 6, 1), {**VALUES, "SECRETS_DATABASE": ""}).splitlines()

    assert set(made) >= RETIRED
    assert "unauthorized-ratelimit" not in made


@pytest.mark.parametrize("version", [(4, 6, 3), (4, 10, 0), (4, 17, 2)])
def test_a_version_whose_options_nobody_has_checked_does_not_start(version):
    """coturn skips a line that it does not know, and relays on without it."""
    with pytest.raises(RenderError, match="less closed than it looks"):
        configuration(version, VALUES)
