"""The brains that there are, named where nothing else need be imported."""

SONIC, CASCADE = "sonic", "cascade"
"""Nova Sonic; or Transcribe, a text model and Polly one after the other."""
