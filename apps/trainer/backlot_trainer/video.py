"""mp4 in memory: clips in, results out. Clear pictures are never a file."""
import io

import av
import numpy as np

from .refusal import Refusal


def decode_clip(mp4: bytes, name: str) -> np.ndarray:
    """Frames as uint8 [F, H, W, 3]; raises Refusal CLIP_BROKEN."""
    try:
        with av.open(io.BytesIO(mp4)) as container:
            container.streams.video[0].thread_type = "NONE"
            frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    except (av.FFmpegError, IndexError) as error:
        raise Refusal("CLIP_BROKEN", f"The clip {name} does not decode: {error}.", "Freeze the dataset version again.") from error
    if not frames:
        raise Refusal("CLIP_BROKEN", f"The clip {name} has no frame.", "Freeze the dataset version again.")
    return np.stack(frames)


def encode_mp4(frames: np.ndarray, fps: float) -> bytes:
    """H.264, yuv420p, index first, of uint8 [F, H, W, 3]. One thread: the same frames give the same bytes on any machine."""
    target = io.BytesIO()
    # No B-frames: with them x264 reads memory it did not write in pictures this small, and the same film gives other bytes each time.
    # To put the index first the muxer opens its own output a second time, for reading.
    with av.open(target, "w", format="mp4", options={"movflags": "+faststart"}, io_open=lambda *_: _Reader(target)) as container:
        stream = container.add_stream("libx264", rate=round(fps), options={"crf": "16", "preset": "medium", "threads": "1", "bf": "0"})
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        for picture in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return target.getvalue()


class _Reader:
    """A second position in a buffer that is still being written."""

    def __init__(self, target: io.BytesIO):
        self._target, self._at = target, 0

    def read(self, count: int) -> bytes:
        with self._target.getbuffer() as whole:
            part = bytes(whole[self._at : self._at + count])
        self._at += len(part)
        return part

    def seek(self, offset: int, whence: int = 0) -> int:
        base = (0, self._at, len(self._target.getbuffer()))[whence]
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def close(self) -> None:
        """The buffer stays."""
