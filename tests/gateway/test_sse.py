import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.services import sse
from gateway.services.sse import FrameSplitter, FrameTooLong


def frames_of(stream: bytes, cuts: list[int]) -> tuple[list[bytes], bytes]:
    splitter = FrameSplitter(limit_bytes=1000)
    edges = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    pieces = [stream[start:end] for start, end in itertools.pairwise(edges)]
    return [frame for piece in pieces for frame in splitter.feed(piece)], splitter.rest()


@given(st.text("ad: \r\n你").map(str.encode), st.lists(st.integers(0, 200)))
def test_frames_joined_are_the_bytes_that_arrived(stream: bytes, cuts: list[int]) -> None:
    frames, rest = frames_of(stream, cuts)

    assert b"".join(frames) + rest == stream


@given(st.lists(st.integers(0, 60)), st.sampled_from([b"\n", b"\r\n"]))
def test_a_frame_is_the_same_however_the_network_cuts_it(cuts: list[int], line_end: bytes) -> None:
    first = b"event: x" + line_end + b"data: \xe4\xbd\xa0" + line_end * 2
    second = b"data: [DONE]" + line_end * 2

    frames, rest = frames_of(first + second + b"data: to", cuts)

    assert [sse.data_of(frame) for frame in frames if sse.data_of(frame)] == ["你".encode(), b"[DONE]"]
    assert rest == b"data: to"


def test_one_crlf_ends_a_line_not_a_frame() -> None:
    splitter = FrameSplitter(limit_bytes=1000)

    assert splitter.feed(b"data: a\r\ndata: b\r\n") == []
    assert splitter.feed(b"\r\n") == [b"data: a\r\ndata: b\r\n\r\n"]


@pytest.mark.parametrize(
    ("frame", "data"),
    [
        (b"data: x\n\n", b"x"),
        (b"data:x\n\n", b"x"),
        (b"data:  x\n\n", b" x"),
        (b"data: a\ndata: b\n\n", b"a\nb"),
        (b": a comment\n\n", b""),
        (b"event: ping\nid: 3\n\n", b""),
        (b"data\n\n", b""),
        (b"data: a\rdata: b\r\r", b"a\nb"),
    ],
)
def test_data_is_what_the_data_lines_say(frame: bytes, data: bytes) -> None:
    assert sse.data_of(frame) == data


def test_a_frame_without_end_is_refused() -> None:
    splitter = FrameSplitter(limit_bytes=10)
    splitter.feed(b"data: long")

    with pytest.raises(FrameTooLong):
        splitter.feed(b"er")


def test_a_long_stream_of_short_frames_is_no_long_frame() -> None:
    splitter = FrameSplitter(limit_bytes=10)

    assert len(splitter.feed(b"data: x\n\n" * 1000)) == 1000
