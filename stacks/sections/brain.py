"""What thinks in a call: one speech-to-speech model, or three services one after the other."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from stacks.sections.section import Section, price


class SonicConfig(Section):
    """Nova Sonic: one model that hears, thinks and speaks."""

    kind: Literal["sonic"]
    # Ids from the model cards; `stacks/regions.py` says where they run.
    model_id: Literal["amazon.nova-2-5-sonic", "amazon.nova-2-sonic-v1:0"] = Field(
        "amazon.nova-2-5-sonic",
        description="Speech-to-speech model. 2.5 answers about 0.4 s after the caller stops, 2 waits 1.5 to 2 s.",
        json_schema_extra=price(
            "speech US$3 in and US$12 out, text US$0.33 in and US$2.75 out per million tokens; Tokyo 21 % more "
            "(aws.amazon.com/bedrock/pricing)"
        ),
    )
    # Nova Sonic language support page, October 2026.
    voice_id: Literal[
        "tiffany", "matthew", "amy", "olivia", "kiara", "arjun", "ambre", "florian", "beatrice", "lorenzo",
        "tina", "lennart", "lupe", "carlos", "carolina", "leo",
    ] = Field("tiffany", description="Voice of the agent; tiffany and matthew speak every language.")  # fmt: skip
    endpointing_sensitivity: Literal["HIGH", "MEDIUM", "LOW"] = Field(
        "HIGH", description="How short a pause ends the caller's turn; HIGH answers soonest."
    )


# Voices that Polly has for both engines below, by what they speak.  Source: "Available voices", Amazon Polly
# developer guide, October 2026.
VOICES: Mapping[str, tuple[str, ...]] = {
    "en-US": ("Danielle", "Joanna", "Matthew", "Ruth", "Stephen"),
    "en-GB": ("Amy",),
    "de-DE": ("Vicki", "Daniel"),
    "es-ES": ("Lucia", "Sergio"),
    "es-US": ("Lupe", "Pedro"),
    "fr-FR": ("Lea", "Remi"),
    "it-IT": ("Bianca",),
}


class CascadeConfig(Section):
    """Transcribe hears, a text model of Bedrock thinks, Polly speaks: slower than Sonic, and each of them replaceable."""

    kind: Literal["cascade"]
    # `stacks/regions.py` says where they run, and through which inference profile.
    model_id: Literal["amazon.nova-lite-v1:0", "amazon.nova-micro-v1:0"] = Field(
        "amazon.nova-lite-v1:0",
        description="Text model; outside us-east-1 it is reached through the inference profile of its geography.",
        json_schema_extra=price(
            "Lite US$0.06 in and US$0.24 out, Micro US$0.035 and US$0.14 per million tokens "
            "(aws.amazon.com/bedrock/pricing)"
        ),
    )
    # Each is in Transcribe's table of streaming languages, October 2026.
    language: Literal["en-US", "en-GB", "de-DE", "es-ES", "es-US", "fr-FR", "it-IT"] = Field(
        "en-US",
        description="What callers speak and hear. Transcribe lets an account have few streams at once (5 or 25 by "
        "default): ask for more before `door.concurrency` is higher.",
        json_schema_extra=price(
            "Transcribe US$0.024 per minute of call, 15 s at least (aws.amazon.com/transcribe/pricing)"
        ),
    )
    voice_id: str = Field(
        "Joanna",
        validate_default=True,
        description="Polly's voice, one of the language: "
        + "; ".join(f"{language} {', '.join(voices)}" for language, voices in VOICES.items())
        + ".",
    )
    engine: Literal["neural", "generative"] = Field(
        "neural",
        description="Polly's engine: generative sounds more like a person.",
        json_schema_extra=price(
            "neural US$16, generative US$30 per million characters: about US$0.015 or US$0.03 a minute of speech "
            "(aws.amazon.com/polly/pricing)"
        ),
    )
    # Below, the ends of two segments of one sentence fall apart; above, callers ask whether anybody is there.
    pause_seconds: float = Field(
        0.3,
        ge=0.1,
        le=2.0,
        description="How long a caller may go on after what Transcribe takes for the end of a sentence.",
    )

    @field_validator("voice_id")
    @classmethod
    def _speaks_the_language(cls, voice_id: str, info: ValidationInfo) -> str:
        language = str(info.data.get("language"))
        if language in VOICES and voice_id not in VOICES[language]:
            raise ValueError(f"does not speak {language}; choose from {', '.join(VOICES[language])}")
        return voice_id


type BrainConfig = Annotated[SonicConfig | CascadeConfig, Field(discriminator="kind")]
