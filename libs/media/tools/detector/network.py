"""The network of the shot detector: what it sees, what it says, and how it is written as ONNX.

It sees each frame as 64x36 luma and 32x18 of both chroma planes, as the classical detector does, and says for every frame: `sharp`, that
a new shot begins here or a gradual transition has its middle here; `wide`, that the frame is the first after a cut or inside a gradual
transition; `kinds`, which of cut, dissolve, fade and wipe it would be. Frames are compared as TransNetV2 does it (Souček and Lokoč 2020,
arXiv 2008.04838): a few convolutions turn each frame, with the one before, into a vector; how alike the vectors of near frames are goes
beside the vectors into convolutions over time.
"""

import torch
from torch import nn
from torch.nn import functional as F

W, H = 64, 36
FRAME = W * H * 3 // 2
"""Frames to each side that are compared with a frame."""
NEAR = 32


class Step(nn.Module):
    """A convolution over time, with frames `apart` from one another."""

    def __init__(self, width, apart):
        super().__init__()
        self.conv = nn.Conv1d(width, width, 3, padding=apart, dilation=apart)
        self.norm = nn.GroupNorm(1, width)

    def forward(self, x):
        return x + F.relu(self.conv(self.norm(x)))


class Network(nn.Module):
    def __init__(self, width=96, vector=64):
        super().__init__()
        self.look = nn.Sequential(
            nn.Conv2d(12, 16, 3, padding=1), nn.ReLU(),
            nn.Conv2d(16, 32, 3, 2, padding=1), nn.ReLU(),
            nn.Conv2d(32, 48, 3, 2, padding=1), nn.ReLU(),
            nn.Conv2d(48, 64, 3, 2, padding=1), nn.ReLU(),
            nn.Flatten(), nn.Linear(64 * 3 * 4, vector),
        )
        self.alike = nn.Linear(vector, 32)
        self.near = nn.Linear(2 * NEAR, 32)
        self.join = nn.Conv1d(vector + 32, width, 1)
        self.steps = nn.Sequential(*(Step(width, apart) for apart in (1, 2, 4, 8, 16, 1)))
        self.heads = nn.Conv1d(width, 6, 1)

    def forward(self, frames):
        """frames: float [batch, time, FRAME], 0..255 -> logits [batch, time, 6]: sharp, wide, four kinds."""
        batch, time = frames.shape[0], frames.shape[1]
        seen = (frames - 128) / 64
        luma = F.pixel_unshuffle(seen[..., :W * H].reshape(batch * time, 1, H, W), 2)
        chroma = seen[..., W * H:].reshape(batch * time, 2, H // 2, W // 2)
        now = torch.cat([luma, chroma], 1).reshape(batch, time, 6, H // 2, W // 2)
        before = torch.cat([now[:, :1], now[:, :-1]], 1)
        pair = torch.cat([now, now - before], 2).reshape(batch * time, 12, H // 2, W // 2)
        vectors = self.look(pair).reshape(batch, time, -1)
        like = F.normalize(self.alike(vectors), dim=2)
        padded = F.pad(like, (0, 0, NEAR, NEAR))
        lags = [(like * padded[:, NEAR + lag:NEAR + lag + time]).sum(2) for lag in range(-NEAR, NEAR + 1) if lag]
        near = F.relu(self.near(torch.stack(lags, 2)))
        x = self.join(torch.cat([F.relu(vectors), near], 2).transpose(1, 2))
        return self.heads(self.steps(x)).transpose(1, 2)


class Exported(nn.Module):
    """One film's frames, probabilities out."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, frames):
        out = self.network(frames[None])[0]
        return torch.sigmoid(out[:, 0]), torch.sigmoid(out[:, 1]), torch.softmax(out[:, 2:], 1)
