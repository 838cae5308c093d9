"""Streams of speech, against an echo that can be trusted and one that cannot."""

import socket
import threading
from contextlib import ExitStack, contextmanager

import pytest

from scripts.benchmarks.streams import PACKETS_PER_SECOND, PAYLOAD_BYTES, Generator, Stream


@contextmanager
def streams(number, *, keeps_every=1):
    """*number* streams to an echo that loses all but every so manieth packet."""
    with ExitStack() as opened:
        echo = opened.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        echo.bind(("127.0.0.1", 0))
        sizes = []

        def answer():
            while (received := echo.recvfrom(2000))[0]:
                sizes.append(len(received[0]))
                if len(sizes) % keeps_every == 0:
                    echo.sendto(*received)

        thread = threading.Thread(target=answer)
        thread.start()
        made = []
        for _ in range(number):
            one = opened.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            one.connect(echo.getsockname())
            one.setblocking(False)
            made.append(Stream(one, b"head"))
        try:
            yield made, sizes
        finally:
            made[0].socket.send(b"")
            thread.join()


@pytest.mark.parametrize(("keeps_every", "lost"), [(1, 0), (4, 75)])
def test_counts_what_comes_back(keeps_every, lost):
    """Each stream is fifty packets of a call's size a second; what is lost shows."""
    with streams(30, keeps_every=keeps_every) as (made, sizes):
        exchange = Generator(made).run(0.5)

    assert exchange.offered == 30 * PACKETS_PER_SECOND / 2
    assert 0 < exchange.sent <= exchange.offered
    assert set(sizes) - {0} == {len(b"head") + PAYLOAD_BYTES}
    assert exchange.lost_percent == pytest.approx(lost, abs=1)
    assert 0 < exchange.round_trip_ms(50) <= exchange.round_trip_ms(99)
