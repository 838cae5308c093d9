from turn.ice_server import IceServer


def test_a_password_is_not_printed():
    """Logs print dataclasses; whoever reads them must not be able to relay."""
    server = IceServer(urls=("turn:relay.example:3478",), username="1:u", credential="hunter2")

    assert "hunter2" not in repr(server)
