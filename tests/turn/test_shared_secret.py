import time

from turn.credentials import password_for
from turn.secret import Secret
from turn.shared_secret import SharedSecretIceServers

ARN = "arn:aws:secretsmanager:eu-north-1:111122223333:secret:relays-AbCdEf"
HOSTS = ("r1.turn.example", "r2.turn.example", "r3.turn.example")


def relays(secrets_manager, **more):
    secret = Secret(ARN, services_url=secrets_manager.url)
    return SharedSecretIceServers(hosts=HOSTS, secret=secret, **more)


async def test_issues_what_coturn_derives(secrets_manager):
    """The relay computes the same password from the name and the secret, or refuses the call."""
    asked_at = int(time.time())
    stun, first, *_ = await relays(secrets_manager).issue("call-7", 60)

    expires_at, _, caller = first.username.partition(":")
    assert caller == "call-7"
    assert asked_at <= int(expires_at) - 60 <= time.time()
    assert first.credential == password_for(first.username, secret="foobar")
    assert first.lifetime_seconds == 60
    assert (stun.username, stun.credential) == ("", "")


async def test_offers_udp_and_the_port_of_the_web(secrets_manager):
    """UDP for speech, and TLS on 443 where a network lets nothing else out."""
    _, *servers = await relays(secrets_manager, tls_hosts=HOSTS).issue("call-7", 60)

    for server in servers:
        host = server.urls[0].split(":")[1]
        assert server.urls == (
            f"turn:{host}:3478?transport=udp",
            f"turn:{host}:443?transport=udp",
            f"turns:{host}:443?transport=tcp",
        )


async def test_promises_tls_only_where_there_is_a_certificate(secrets_manager):
    """A browser that is sent to TLS without a certificate loses the only way it may have had."""
    _, *servers = await relays(secrets_manager, tls_hosts=HOSTS[:1]).issue("call-7", 60)

    tls = {url for server in servers for url in server.urls if url.startswith("turns:")}
    assert tls == {"turns:r1.turn.example:443?transport=tcp"}


async def test_calls_spread_over_the_relays(secrets_manager):
    """Each relay gets its share, and both ends of one call prefer the same one."""
    source = relays(secrets_manager)
    first = [(await source.issue(f"call-{number}", 60))[1].urls[0] for number in range(300)]

    assert all(first.count(f"turn:{host}:3478?transport=udp") > 70 for host in HOSTS)
    assert (await source.issue("call-0", 60))[1].urls[0] == first[0]
