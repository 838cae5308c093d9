"""Addresses of mail that reach nobody."""

# Never delivered to anybody, by definition (RFC 2606; RFC 6761).
RESERVED_DOMAINS = ("invalid", "test", "example", "localhost", "example.com", "example.net", "example.org")


def is_unreachable(address: str) -> bool:
    """Say whether mail to *address* can reach nobody, because its domain is reserved."""
    domain = address.rpartition("@")[2].lower()
    return any(domain == one or domain.endswith(f".{one}") for one in RESERVED_DOMAINS)
