"""A certificate authority for one run of the embedded cloud or of the network laboratory.

Bedrock's SDK speaks HTTP/2 over TLS only, so the local Bedrock needs a certificate that the agent
trusts; so does a relay that is reached over TLS.  The authority is made anew for every run, its key is
never written down, and it signs for the named servers alone: this machine's loopback, unless told otherwise.
"""

import datetime as dt
import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DNS_NAMES = ("localhost",)
ADDRESSES = ("127.0.0.1", "::1")
LIFETIME = dt.timedelta(days=7)
# A clock that was set back while the machine slept must not make a fresh certificate invalid.
BACKDATED = dt.timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Certificates:
    """Where the files of one run lie."""

    ca_file: Path
    """The authority's certificate: what a client must trust, as `SSL_CERT_FILE`."""
    certificate_file: Path
    key_file: Path


def make_certificates(
    folder: Path, *, dns_names: Sequence[str] = DNS_NAMES, addresses: Sequence[str] = ADDRESSES
) -> Certificates:
    """Write an authority's certificate and a server's certificate and key into *folder*.

    Args:
        folder: Where the files go.
        dns_names: What the server is called, at least one; the authority vouches for nothing else.
        addresses: Where the server is reached by number.
    """
    authority_key = ec.generate_private_key(ec.SECP256R1())
    server_key = ec.generate_private_key(ec.SECP256R1())
    names = _names(dns_names, addresses)
    authority = _authority(authority_key, _only(dns_names, addresses))
    server = _server(_name(dns_names[0]), names, server_key.public_key(), authority, authority_key)

    made = Certificates(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    made.ca_file.write_bytes(_pem(authority))
    made.certificate_file.write_bytes(_pem(server) + _pem(authority))
    _write_private(made.key_file, server_key)
    return made


def _authority(key: ec.EllipticCurvePrivateKey, only: x509.NameConstraints) -> x509.Certificate:
    name = _name("Hotline embedded cloud")
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        _draft(name, name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(only, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _server(
    subject: x509.Name,
    names: Sequence[x509.GeneralName],
    key: ec.EllipticCurvePublicKey,
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
) -> x509.Certificate:
    issuer_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    return (
        _draft(subject, authority.subject, key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(issuer_key, critical=False)
        .sign(authority_key, hashes.SHA256())
    )


def _draft(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + LIFETIME)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _names(dns_names: Sequence[str], addresses: Sequence[str]) -> list[x509.GeneralName]:
    numbers = [x509.IPAddress(ipaddress.ip_address(one)) for one in addresses]
    return [*(x509.DNSName(one) for one in dns_names), *numbers]


def _only(dns_names: Sequence[str], addresses: Sequence[str]) -> x509.NameConstraints:
    """Make a stolen authority worthless: it cannot vouch for any other machine."""
    networks = [x509.IPAddress(ipaddress.ip_network(one)) for one in addresses]
    permitted = [*(x509.DNSName(one) for one in dns_names), *networks]
    return x509.NameConstraints(permitted_subtrees=permitted, excluded_subtrees=None)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _write_private(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    text = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(text)
