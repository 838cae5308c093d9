"""The voices of the embedded cloud: espeak-ng, whose library and data come from PyPI.

The library is GPL-3.0-or-later.  Only the speech process (`worker.py`) loads it; the rest of this
repository talks to that process over a pipe.

Source of the interface: https://github.com/espeak-ng/espeak-ng/blob/1.52.0/src/include/espeak-ng/speak_lib.h
"""

import ctypes
from dataclasses import dataclass
from typing import Any

import espeakng_loader

from scripts.embedded.speech.engines import EngineError, Voice
from scripts.embedded.speech.resampling import resample

AUDIO_OUTPUT_SYNCHRONOUS = 2
INITIALIZE_DONT_EXIT = 0x8000
POSITION_CHARACTER = 1
CHARACTERS_UTF8 = 1
PARAMETER_RATE = 1
PARAMETER_PITCH = 3
OK = 0


@dataclass(frozen=True, slots=True)
class _Variant:
    name: str
    words_per_minute: int
    pitch: int
    """0 to 100; 50 is the variant's own."""


# Chosen by measurement out of espeak-ng's 90 variants: the recogniser understands them best, and a
# person tells them apart at once (fundamental about 130 Hz, and 90 Hz with a robot's echo).
_VARIANTS = {
    Voice.AGENT: _Variant("en-us+klatt4", 150, 78),
    Voice.CALLER: _Variant("en-us+robosoft3", 140, 50),
}

_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class EspeakSynthesiser:
    """Speaks with espeak-ng; the library has one state per process, so make one of these."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._callback = _Callback(self._take)  # kept: the library calls it, Python would free it
        self._library = _load(self._callback)
        self._rate: int = self._library.sample_rate

    def synthesise(self, text: str, voice: Voice, sample_rate: int) -> bytes:
        """Return *text* spoken.

        Raises:
            EngineError: espeak-ng failed.
        """
        variant = _VARIANTS[voice]
        self._pieces.clear()
        words = text.encode()
        library = self._library.handle
        faults = (
            library.espeak_SetVoiceByName(variant.name.encode()),
            library.espeak_SetParameter(PARAMETER_RATE, variant.words_per_minute, 0),
            library.espeak_SetParameter(PARAMETER_PITCH, variant.pitch, 0),
            library.espeak_Synth(
                words, len(words) + 1, 0, POSITION_CHARACTER, 0, CHARACTERS_UTF8, None, None
            ),
            library.espeak_Synchronize(),
        )
        if any(fault != OK for fault in faults):
            raise EngineError(f"espeak-ng answered {faults} when asked to speak as {variant.name}.")
        return resample(b"".join(self._pieces), self._rate, sample_rate)

    def _take(self, samples: Any, count: int, _events: object) -> int:
        if samples and count > 0:
            self._pieces.append(ctypes.string_at(samples, count * ctypes.sizeof(ctypes.c_short)))
        return 0


@dataclass(frozen=True, slots=True)
class _Library:
    handle: Any
    sample_rate: int


def _load(callback: Any) -> _Library:
    path = espeakng_loader.get_library_path()
    try:
        handle = ctypes.CDLL(path)
    except OSError as fault:
        raise EngineError(f"espeak-ng's library does not load on this machine: {fault}.") from fault
    handle.espeak_Initialize.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_int]
    handle.espeak_Synth.argtypes = [
        ctypes.c_char_p,
        ctypes.c_size_t,
        ctypes.c_uint,
        ctypes.c_int,
        ctypes.c_uint,
        ctypes.c_uint,
        ctypes.c_void_p,
        ctypes.c_void_p,
    ]
    data = espeakng_loader.get_data_path().encode()
    rate = handle.espeak_Initialize(AUDIO_OUTPUT_SYNCHRONOUS, 0, data, INITIALIZE_DONT_EXIT)
    if rate <= 0:
        raise EngineError(f"espeak-ng did not start: {rate}.")
    handle.espeak_SetSynthCallback(callback)
    return _Library(handle, rate)
