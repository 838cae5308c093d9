from turn.credentials import password_for, username_for


def test_password_matches_the_vector_other_implementations_publish():
    """coturn and pion/turn must accept what we issue: same secret, same name, same password."""
    assert password_for("1599491771", secret="foobar") == "Tpz/nKkyvX/vMSLKvL4sbtBt8Vs="


def test_username_carries_the_expiry_first():
    """The relay reads everything before the colon as Unix seconds."""
    assert username_for("call-7", expires_at=1_700_000_600) == "1700000600:call-7"
