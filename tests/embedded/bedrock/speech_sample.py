"""Sounds for tests that care when somebody speaks, not what is said."""

from scripts.embedded.bedrock.scripted import tone

RATE = 16_000


def sound(seconds: float) -> bytes:
    return tone(seconds, RATE)


def silence(seconds: float) -> bytes:
    return bytes(2 * round(seconds * RATE))
