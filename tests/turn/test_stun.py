import struct

import pytest

from turn.stun import (
    Attribute,
    Kind,
    MalformedMessageError,
    Message,
    Method,
    is_signed,
    long_term_key,
    masked,
)

# RFC 5769, section 2: the transaction of the sample responses.
TRANSACTION = bytes.fromhex("b7e7a701bc34d686fa87dfae")


def test_a_request_is_signed_as_the_rfc_shows():
    """RFC 5769, section 2.4: a relay compares these bytes, so one that is off opens nothing."""
    username, realm, password = "マトリックス", "example.org", "TheMatrIX"
    message = Message(
        Method.BINDING,
        Kind.REQUEST,
        {
            Attribute.USERNAME: username.encode(),
            Attribute.NONCE: b"f//499k954d6OL34oL9FSTvy64sA",
            Attribute.REALM: realm.encode(),
        },
        bytes.fromhex("78ad3433c6ad72c029da412e"),
    )

    signed = Message.decode(message.encode(long_term_key(username, realm, password)))

    assert signed.attributes[Attribute.MESSAGE_INTEGRITY].hex() == "f67024656dd64a3e02b8e0712e85c9a28ca89666"


def test_a_signature_is_checked_as_the_rfc_shows():
    """RFC 5769, section 2.2: who does not know the password cannot answer for the relay."""
    response = bytes.fromhex(
        "0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000080001a147e112a643"
        "000800142b91f599fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96"
    )

    assert is_signed(response, b"VOkJxbRl1RmTxUk/WvJxBt")
    assert not is_signed(response, b"another")
    assert not is_signed(response[:36] + b"\1" + response[37:], b"VOkJxbRl1RmTxUk/WvJxBt")
    assert not is_signed(Message(Method.BINDING, Kind.SUCCESS).encode(), b"VOkJxbRl1RmTxUk/WvJxBt")
    assert Message.decode(response).address(Attribute.XOR_MAPPED_ADDRESS) == ("192.0.2.1", 32853)


@pytest.mark.parametrize(
    ("address", "travels"),
    [
        (("192.0.2.1", 32853), "0001a147e112a643"),
        (("2001:db8:1234:5678:11:2233:4455:6677", 32853), "0002a1470113a9faa5d3f179bc25f4b5bed2b9d9"),
    ],
)
def test_addresses_are_masked_as_the_rfc_shows(address, travels):
    """RFC 5769, sections 2.2 and 2.3: NATs that rewrite addresses in packets must not find them."""
    assert masked(address, TRANSACTION).hex() == travels

    answer = Message(
        Method.BINDING, Kind.SUCCESS, {Attribute.XOR_MAPPED_ADDRESS: bytes.fromhex(travels)}, TRANSACTION
    )
    assert Message.decode(answer.encode()).address(Attribute.XOR_MAPPED_ADDRESS) == address


@pytest.mark.parametrize("method", Method)
@pytest.mark.parametrize("kind", Kind)
def test_what_is_written_can_be_read(method, kind):
    """Method and class share fourteen bits in an order that is easily got wrong."""
    message = Message(method, kind, {Attribute.DATA: b"12345"})

    read = Message.decode(message.encode())

    assert (read.method, read.kind, read.transaction) == (method, kind, message.transaction)
    assert read.attributes[Attribute.DATA] == b"12345"


def test_an_error_has_its_code_and_its_words():
    """The code decides what is done about it."""
    answer = Message(
        Method.ALLOCATE, Kind.ERROR, {Attribute.ERROR_CODE: b"\0\0\x04\x56Allocation Quota Reached"}
    )

    assert answer.error == (486, "Allocation Quota Reached")


GOOD = Message(Method.BINDING, Kind.REQUEST, {Attribute.DATA: b"1234"}).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 19,
        GOOD[:-1],
        GOOD + b"\0",
        GOOD[:4] + b"\0\0\0\0" + GOOD[8:],
        b"\x0f\xff" + GOOD[2:],
        GOOD[:20] + struct.pack("!HH", 0x13, 60_000) + GOOD[24:],
    ],
    # Named, because the transaction id in GOOD is random and every worker must collect the same tests.
    ids=["empty", "short header", "cut", "too long", "no cookie", "unknown method", "length of attribute"],
)
def test_other_bytes_are_no_message(data):
    """Anybody can send to a UDP port; the program that listens must live on."""
    with pytest.raises(MalformedMessageError):
        Message.decode(data)
