"""The cascade: Transcribe hears, a text model of Bedrock thinks, Polly speaks."""

from runtime.brains.cascade.cascade import Cascade, make

__all__ = ["Cascade", "make"]
