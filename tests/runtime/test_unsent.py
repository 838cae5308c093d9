"""What the agent tells a page that does not listen, or not yet."""

from types import SimpleNamespace

from runtime.transports.messages import UNSENT_MESSAGES, Messages


class Channel(SimpleNamespace):
    """A data channel that keeps what it is sent."""

    def __init__(self) -> None:
        super().__init__(readyState="open", bufferedAmount=0, sent=[])

    def on(self, _event: str, _handler: object) -> None:
        """Nothing arrives."""

    def send(self, message: str) -> None:
        self.sent.append(message)


def test_what_was_said_before_the_channel_opened_is_sent_in_order():
    """The greeting's transcript is older than the channel."""
    messages, channel = Messages(lambda _: None), Channel()
    for number in range(3):
        messages.send(str(number))
    messages.open(channel)
    messages.send("3")

    assert channel.sent == ["0", "1", "2", "3"]


def test_a_page_that_never_opens_a_channel_costs_no_more_memory_each_minute():
    """A client of somebody's own may have none, for a call of any length."""
    messages, channel = Messages(lambda _: None), Channel()
    for number in range(10 * UNSENT_MESSAGES):
        messages.send(str(number))
    messages.open(channel)

    assert channel.sent == [str(number) for number in range(9 * UNSENT_MESSAGES, 10 * UNSENT_MESSAGES)]
