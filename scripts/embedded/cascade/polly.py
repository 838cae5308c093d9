"""SynthesizeSpeech: text in, PCM out.

Source: API reference of SynthesizeSpeech, Amazon Polly; botocore 1.43.106, polly service model.
"""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from scripts.embedded.bedrock.brain import Brain
from scripts.embedded.bedrock.refusal import Refusal

PCM_RATES = ("8000", "16000")
ENGINES = ("standard", "neural", "long-form", "generative")
LONGEST_CHARACTERS = 3_000


async def speak(brain: Brain, request: Mapping[str, Any]) -> Response:
    """Return the speech.

    Raises:
        Refusal: The request asks for what there is not.
    """
    text, rate = request.get("Text"), request.get("SampleRate", "16000")
    if not isinstance(text, str) or not text or not request.get("VoiceId"):
        raise Refusal(400, "ValidationException", "Text and VoiceId are required.")
    if request.get("OutputFormat") != "pcm" or rate not in PCM_RATES:
        raise Refusal(400, "InvalidSampleRateException", f"Here is PCM at {' or '.join(PCM_RATES)} Hz.")
    if request.get("Engine", "standard") not in ENGINES:
        raise Refusal(400, "EngineNotSupportedException", "There is no such engine.")
    if len(text) > LONGEST_CHARACTERS:
        raise Refusal(400, "TextLengthExceededException", "Maximum text length has been exceeded.")
    return Response(
        await brain.speak(text, int(rate)),
        headers={"x-amzn-RequestCharacters": str(len(text))},
        media_type="audio/pcm",
    )
