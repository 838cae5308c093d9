"""The authority of one run: trusted by whom it is given to, for this machine alone, and private."""

import asyncio
import ssl
import stat

import pytest
from cryptography import x509

from scripts.embedded.certificates import make_certificates


async def shake_hands(served, trusted_ca, name):
    """Connect over TLS to a server that shows *served*, trusting *trusted_ca*."""
    listening = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    listening.load_cert_chain(served.certificate_file, served.key_file)
    trusting = ssl.create_default_context(cafile=trusted_ca)
    trusting.verify_flags |= ssl.VERIFY_X509_STRICT
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0, ssl=listening)
    async with server:
        port = server.sockets[0].getsockname()[1]
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting, server_hostname=name)
        writer.close()


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
async def test_a_client_that_trusts_the_authority_connects(tmp_path, name):
    """Strictly checked, as newer OpenSSL does by default."""
    made = make_certificates(tmp_path)

    await shake_hands(made, made.ca_file, name)


async def test_another_runs_authority_is_not_trusted(tmp_path):
    """Two clouds on one machine do not vouch for each other."""
    folders = [tmp_path / "one", tmp_path / "other"]
    for folder in folders:
        folder.mkdir()
    one, other = map(make_certificates, folders)

    with pytest.raises(ssl.SSLCertVerificationError):
        await shake_hands(one, other.ca_file, "localhost")


def test_the_key_is_the_owners_alone_and_the_authoritys_is_never_written(tmp_path):
    """Whoever else uses the machine can neither pose as the server nor make certificates."""
    made = make_certificates(tmp_path)

    assert stat.S_IMODE(made.key_file.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ca.pem", "server.key", "server.pem"]


def test_the_authority_can_only_vouch_for_this_machine(tmp_path):
    """A process that trusts it for Bedrock trusts it for nothing on the network."""
    authority = x509.load_pem_x509_certificate(make_certificates(tmp_path).ca_file.read_bytes())

    permitted = authority.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees

    assert {str(one.value) for one in permitted} == {"localhost", "127.0.0.1/32", "::1/128"}
