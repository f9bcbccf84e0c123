"""LoRA fine-tuning by rectified flow, to the bit repeatable and resumable."""
import hashlib
import math
import time
from pathlib import Path

import torch

from . import base as bases
from . import checkpoint, flow, wan
from .data import fetch_clips, held_out_kind
from .lines import Commands, emit
from .refusal import Refusal
from .seal import seal_file
from .spec import Keys, Spec, read_train_request
from .video import encode_mp4

HELD_OUT_AT_MOST = 64
"""Clips on the evaluation grid: 64 x 8 losses take seconds on the starter and are steady to the third digit."""
WARM_UP = 10
PROGRESS_SECONDS = 0.5


class Stopped(Exception):
    """The parent died, or a member cancelled."""


class Optimisation:
    """The loop's state and its one step, apart from where clips come from and where results go."""

    def __init__(self, pipe, spec: Spec, shift: float, trained: list[tuple[torch.Tensor, torch.Tensor]], empty: torch.Tensor):
        self.transformer, self.spec, self.shift, self.clips, self.empty = pipe.transformer, spec, shift, trained, empty
        self._pipe = pipe
        self.parameters = wan.add_adapter(pipe, spec.lora, spec.seed)
        self.optimizer = torch.optim.AdamW(self.parameters, lr=spec.learning_rate, weight_decay=1e-3)
        self.generator = torch.Generator().manual_seed(spec.seed)
        self.order: list[int] = []
        self.done = 0

    def learning_rate(self) -> float:
        """Linear warm-up, then a cosine to a tenth; a function of the step alone."""
        part = self.done / self.spec.steps
        return self.spec.learning_rate * min(1, (self.done + 1) / WARM_UP) * (0.55 + 0.45 * math.cos(math.pi * part))

    def _batch(self) -> list[int]:
        while len(self.order) < self.spec.batch:
            self.order += torch.randperm(len(self.clips), generator=self.generator).tolist()
        taken, self.order = self.order[: self.spec.batch], self.order[self.spec.batch :]
        return taken

    def step(self) -> float:
        """One step; gives its loss."""
        latents, text = (torch.stack(parts) for parts in zip(*(self.clips[index] for index in self._batch())))
        dropped = torch.rand(len(latents), generator=self.generator) < self.spec.caption_dropout
        text = torch.where(dropped.view(-1, 1, 1).to(text.device), self.empty, text)
        sigma = flow.draw_sigma(len(latents), self.shift, self.generator).to(latents.device)
        noise = torch.randn(latents.shape, generator=self.generator).to(latents.device)
        loss = flow.losses(self.transformer, latents, text, sigma, noise).mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate()
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.done += 1
        return loss.item()

    def state(self, base_loss: float | None) -> checkpoint.State:
        adapter = {name: tensor.detach().cpu().clone() for name, tensor in wan.adapter_state(self._pipe).items()}
        return checkpoint.State(self.done, list(self.order), adapter, self.optimizer.state_dict(), self.generator.get_state(), torch.get_rng_state(), base_loss)

    def restore(self, state: checkpoint.State) -> None:
        wan.set_adapter_state(self._pipe, state.adapter)
        self.optimizer.load_state_dict(state.optimizer)
        self.generator.set_state(state.generator)
        torch.set_rng_state(state.torch_rng)
        self.done, self.order = state.step, list(state.order)


def run(first_line: str, commands: Commands) -> None:
    """The whole run of one request; raises Refusal. Returns when done, cancelled, or when the parent is gone."""
    spec, keys = read_train_request(first_line)
    try:
        _run(spec, keys, commands)
    except Stopped:
        return


def _run(spec: Spec, keys: Keys, commands: Commands) -> None:
    emit("phase", phase="loading")
    base = bases.verify(Path(spec.base_path), spec.base_sha256)
    wan.make_deterministic()
    pipe = wan.load(Path(spec.base_path))
    _stop_if_asked(commands, 0)

    emit("phase", phase="encoding")
    trained, held, kind, size = _encode(pipe, spec, keys, commands)
    loop = Optimisation(pipe, spec, base.flowShift, trained, wan.encode_text(pipe, "", spec.max_sequence_length))
    resumed = checkpoint.read(spec.run, spec.hash, keys.run)
    if resumed:
        loop.restore(resumed)
        base_loss = resumed.base_loss
        emit("resumed", step=loop.done)
    else:
        emit("phase", phase="evaluating")
        # A fresh adapter adds exactly nothing: this is the base model's loss.
        base_loss = flow.grid_loss(pipe.transformer, held, base.flowShift, spec.batch) if held else None
        _emit_evaluation(0, base_loss, base_loss, kind, trained, held)

    emit("phase", phase="training")
    _train(loop, pipe, base, spec, keys, commands, base_loss, size)

    emit("phase", phase="evaluating")
    _emit_evaluation(loop.done, base_loss, flow.grid_loss(pipe.transformer, held, base.flowShift, spec.batch) if held else None, kind, trained, held)
    _stop_if_asked(commands, loop.done)
    emit("phase", phase="saving")
    _save(pipe, spec, keys)


def _encode(pipe, spec: Spec, keys: Keys, commands: Commands):
    """(latents, text) of trained and held-out clips, how these relate, and the clips' size; a caption is encoded once."""
    trained, held, shots, texts, size = [], [], [], {}, None
    for clip in fetch_clips(spec.dataset_url, keys.token, keys.dataset, spec.dataset_object):
        _stop_if_asked(commands, 0)
        if size not in (None, clip.frames.shape):
            raise Refusal("CLIP_DOES_NOT_FIT", f"The clip {clip.name} has another size than those before it.", "Freeze a dataset version of one bucket.")
        size = clip.frames.shape
        if clip.held_out and len(held) == HELD_OUT_AT_MOST:
            continue
        if clip.caption not in texts:
            texts[clip.caption] = wan.encode_text(pipe, clip.caption, spec.max_sequence_length)
        (held if clip.held_out else trained).append((wan.encode_clip(pipe, clip.frames), texts[clip.caption]))
        shots.append((clip.held_out, clip.shot))
    if not trained:
        raise Refusal("EMPTY_DATASET", "The dataset version has no clip to train on.", "Freeze one with more shots.")
    return trained, held, held_out_kind(shots) if held else None, size


def _train(loop: Optimisation, pipe, base: bases.Base, spec: Spec, keys: Keys, commands: Commands, base_loss: float | None, size) -> None:
    told, told_at, seconds = loop.done, time.monotonic(), 0.0
    while loop.done < spec.steps:
        began = time.monotonic()
        loss = loop.step()
        seconds += time.monotonic() - began
        # A line a step would be most of the work with a model this small.
        if time.monotonic() - told_at > PROGRESS_SECONDS or loop.done in (1, spec.steps):
            emit("progress", step=loop.done, steps=spec.steps, loss=loss, learningRate=loop.optimizer.param_groups[0]["lr"], secondsPerStep=seconds / (loop.done - told))
            told, told_at, seconds = loop.done, time.monotonic(), 0.0
        if loop.done % spec.sample_every == 0 or loop.done == spec.steps:
            for number, prompt in enumerate(spec.sample_prompts):
                _stop_if_asked(commands, loop.done)
                _sample(pipe, base, spec, keys, loop.done, number, prompt, size)
        if loop.done % spec.checkpoint_every == 0 or loop.done == spec.steps:
            _stop_if_asked(commands, loop.done)
            checkpoint.write(loop.state(base_loss), spec.run, spec.hash, keys.run)
            emit("checkpoint", step=loop.done)
        _stop_if_asked(commands, loop.done)


def _sample(pipe, base: bases.Base, spec: Spec, keys: Keys, step: int, number: int, prompt: str, size) -> None:
    frames, height, width, _ = size
    pictures = wan.generate(pipe, base, prompt=prompt, seed=spec.seed + number, steps=base.generation["steps"], guidance=base.generation["guidance"], frames=frames, width=width, height=height, max_sequence_length=spec.max_sequence_length)
    object_id, file = f"{spec.run}/sample/{step}/{number}", Path("samples") / f"{step}-{number}.sealed"
    seal_file(file, encode_mp4(pictures, base.fps), keys.run, object_id)
    emit("sample", step=step, prompt=prompt, file=str(file), objectId=object_id, frames=frames, width=width, height=height, fps=base.fps)


def _save(pipe, spec: Spec, keys: Keys) -> None:
    file, path = wan.save_adapter(pipe), Path("adapter.sealed")
    seal_file(path, file, keys.adapter, spec.adapter_object)
    emit("done", adapter=str(path), objectId=spec.adapter_object, sha256=hashlib.sha256(file).hexdigest(), tensorSha256=wan.hash_tensors(file), bytes=len(file))


def _emit_evaluation(step: int, base_loss: float | None, loss: float | None, kind: str | None, trained: list, held: list) -> None:
    emit("evaluation", step=step, heldOutLossBase=base_loss, heldOutLoss=loss, heldOutKind=kind, clipsTrain=len(trained), clipsHeldOut=len(held))


def _stop_if_asked(commands: Commands, step: int) -> None:
    if commands.ended.is_set():
        raise Stopped
    if commands.cancelled():
        checkpoint.FILE.unlink(missing_ok=True)
        emit("cancelled", step=step)
        raise Stopped
