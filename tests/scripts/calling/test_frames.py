"""Pipecat's own generated code is the judge of our reading of its frames."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pipecat.frames.protobufs import frames_pb2

from scripts.calling.frames import Audio, Interruption, Message, decode, encode_audio, encode_message


@settings(deadline=None)  # a busy machine takes as long as it takes
@given(pcm=st.binary(max_size=2000), rate=st.integers(min_value=1, max_value=2**32 - 1))
def test_pipecat_reads_our_audio(pcm, rate):
    """An agent that misreads a frame hears noise, or nothing."""
    frame = frames_pb2.Frame.FromString(encode_audio(Audio(pcm, rate)))

    assert frame.WhichOneof("frame") == "audio"
    assert (frame.audio.audio, frame.audio.sample_rate, frame.audio.num_channels) == (pcm, rate, 1)


@settings(deadline=None)  # a busy machine takes as long as it takes
@given(pcm=st.binary(max_size=2000), rate=st.integers(min_value=1, max_value=2**32 - 1))
def test_we_read_pipecats_audio(pcm, rate):
    """Pipecat also names and numbers its frames; a caller must step over that."""
    frame = frames_pb2.Frame()
    frame.audio.id, frame.audio.name, frame.audio.pts = 300, "OutputAudioRawFrame#300", 2**40
    frame.audio.audio, frame.audio.sample_rate, frame.audio.num_channels = pcm, rate, 1

    assert decode(frame.SerializeToString()) == Audio(pcm, rate)


def test_messages_pass_in_both_directions():
    """RTVI messages are JSON inside a frame, with any text in them."""
    body = {"label": "rtvi-ai", "type": "bot-transcription", "data": {"text": "Grüß Gott, 注文"}}
    wire = encode_message(Message(body))

    assert frames_pb2.Frame.FromString(wire).WhichOneof("frame") == "message"
    assert decode(wire) == Message(body)


def test_an_interruption_is_understood():
    """Pipecat's JavaScript client does not know this frame; a caller who ignores it keeps old audio."""
    frame = frames_pb2.Frame()
    frame.interruption.id = 7

    assert decode(frame.SerializeToString()) == Interruption()


@settings(deadline=None)  # a busy machine takes as long as it takes
@given(st.binary(max_size=60))
def test_damaged_frames_are_an_error_and_nothing_else(data):
    """A stranger's bytes must end in one kind of error, never in a hang or another exception."""
    try:
        decode(data)
    except ValueError:
        return


def test_a_truncated_frame_says_so():
    """Half a frame is half a word: better an error than garbled audio."""
    with pytest.raises(ValueError, match="ends inside a field"):
        decode(encode_audio(Audio(b"\1\2\3\4", 16_000))[:-3])
