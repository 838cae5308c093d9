"""Bedrock for a machine without AWS: Nova Sonic's wire protocol over HTTP/2, with a brain of our own.

    async with BedrockServer(ScriptedBrain(Scripted(says="Hello."))) as server:
        ...  # dial server.url, trusting server.ca_file

What it cannot prove is listed in docs/fidelity.md.
"""

from scripts.embedded.bedrock.faults import Faults
from scripts.embedded.bedrock.limits import Limits
from scripts.embedded.bedrock.scripted import Scripted, ScriptedBrain
from scripts.embedded.bedrock.server import BedrockServer
from scripts.embedded.bedrock.speaking import SpeakingBrain

__all__ = ["BedrockServer", "Faults", "Limits", "Scripted", "ScriptedBrain", "SpeakingBrain"]
