"""A diffusers Wan pipeline as training and generation use it: pixels to latents, words to embeddings, an adapter in and out."""
import hashlib
import json
import os
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from diffusers import WanPipeline
from diffusers.training_utils import _collate_lora_metadata, cast_training_params
from diffusers.utils import logging as diffusers_logging
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict, set_peft_model_state_dict
from transformers.utils import logging as transformers_logging

from .base import Base
from .refusal import Refusal
from .spec import Lora

ADAPTER_METADATA = "lora_adapter_metadata"
ADAPTER = "default"
for each in (diffusers_logging, transformers_logging):
    each.set_verbosity_error()
    each.disable_progress_bar()


def device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def make_deterministic() -> None:
    """Equal input, seed and thread count give equal bits. One thread unless OMP_NUM_THREADS says more: 1 and 2 differ in the last bits."""
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS") or 1))
    torch.use_deterministic_algorithms(True)


def load(folder: Path) -> WanPipeline:
    """Everything frozen and in eval mode. VAE in fp32 (it loses detail in bf16), the rest fp32 on a CPU and bf16 on a GPU."""
    half = torch.bfloat16 if device().type == "cuda" else torch.float32
    try:
        pipe = WanPipeline.from_pretrained(folder, dtype={"vae": torch.float32, "default": half}, local_files_only=True, low_cpu_mem_usage=True)
    except (OSError, ValueError, RuntimeError, KeyError, AttributeError) as error:
        raise Refusal("BAD_BASE", f"The base model in {folder} does not load: {str(error).splitlines()[0] if str(error) else error!r}.", "Give a folder saved by diffusers (save_pretrained) of a WanPipeline in safetensors.") from error
    pipe.set_progress_bar_config(disable=True)
    for part in (pipe.vae, pipe.text_encoder, pipe.transformer):
        part.requires_grad_(False).eval()
    return pipe.to(device())


@torch.no_grad()
def encode_clip(pipe: WanPipeline, frames: np.ndarray) -> torch.Tensor:
    """uint8 [F, H, W, 3] to normalised latents [16, f, h, w] in fp32: pixels in [-1, 1], the mode of the posterior, (z - mean) / std."""
    pixels = torch.from_numpy(frames).to(pipe.vae.device).permute(3, 0, 1, 2)[None].float() / 127.5 - 1
    latents = pipe.vae.encode(pixels).latent_dist.mode()[0]
    mean, std = (torch.tensor(values, device=latents.device).view(-1, 1, 1, 1) for values in (pipe.vae.config.latents_mean, pipe.vae.config.latents_std))
    return (latents - mean) / std


@torch.no_grad()
def encode_text(pipe: WanPipeline, text: str, max_sequence_length: int) -> torch.Tensor:
    """[max_sequence_length, text_dim], by the pipeline itself. The transformer attends to every position, so serving must use the same length."""
    return pipe.encode_prompt(text, do_classifier_free_guidance=False, max_sequence_length=max_sequence_length)[0][0]


def add_adapter(pipe: WanPipeline, lora: Lora, seed: int) -> list[torch.nn.Parameter]:
    """A fresh adapter (it changes nothing yet) whose weights follow from `seed`; its parameters in fp32, in a fixed order."""
    torch.manual_seed(seed)
    pipe.transformer.add_adapter(LoraConfig(r=lora.rank, lora_alpha=lora.alpha, target_modules=list(lora.targets), init_lora_weights=True))
    cast_training_params([pipe.transformer], dtype=torch.float32)
    return [parameter for parameter in pipe.transformer.parameters() if parameter.requires_grad]


def adapter_state(pipe: WanPipeline) -> dict[str, torch.Tensor]:
    return get_peft_model_state_dict(pipe.transformer)


def set_adapter_state(pipe: WanPipeline, state: dict[str, torch.Tensor]) -> None:
    set_peft_model_state_dict(pipe.transformer, state)


def save_adapter(pipe: WanPipeline) -> bytes:
    """`pytorch_lora_weights.safetensors` as diffusers writes it, in memory, with the metadata without which alpha is lost."""
    saved = {f"transformer.{name}": tensor.detach().cpu().contiguous() for name, tensor in adapter_state(pipe).items()}
    about = _collate_lora_metadata({"transformer": pipe.transformer})["transformer_lora_adapter_metadata"]
    packed = {f"transformer.{name}": sorted(value) if isinstance(value, set) else value for name, value in about.items()}
    return safetensors.torch.save(saved, metadata={"format": "pt", ADAPTER_METADATA: json.dumps(packed, indent=2, sort_keys=True)})


def load_adapter(pipe: WanPipeline, file: bytes) -> None:
    """Replaces the adapter by a saved one. Never fused: taking a fused one out leaves 7e-7 behind."""
    try:
        tensors = safetensors.torch.load(file)
        header = json.loads(file[8 : 8 + int.from_bytes(file[:8], "little")]).get("__metadata__", {})
        about = json.loads(header[ADAPTER_METADATA]) if ADAPTER_METADATA in header else None
        drop_adapter(pipe)
        pipe.load_lora_into_transformer(pipe.lora_state_dict(tensors), transformer=pipe.transformer, adapter_name=ADAPTER, metadata=about, _pipeline=pipe)
    except (safetensors.SafetensorError, ValueError, KeyError, RuntimeError) as error:
        raise Refusal("ADAPTER_DOES_NOT_FIT", f"The model's adapter does not load: {str(error).splitlines()[0]}.", "Use the base model that it was trained on, or train it again.") from error
    # load_lora leaves its layers in train mode; with dropout in the adapter every call would differ.
    pipe.transformer.eval()


def drop_adapter(pipe: WanPipeline) -> None:
    if getattr(pipe.transformer, "peft_config", None):
        pipe.transformer.unload_lora()


def hash_tensors(file: bytes) -> str:
    """SHA-256 over names, shapes and bytes: equal adapters have different file hashes, as the metadata's order varies."""
    whole = hashlib.sha256()
    for name, tensor in sorted(safetensors.torch.load(file).items()):
        whole.update(f"{name} {tensor.dtype} {list(tensor.shape)}\n".encode())
        whole.update(tensor.contiguous().view(torch.uint8).numpy().tobytes() if tensor.numel() else b"")
    return whole.hexdigest()


def check_size(frames: int, width: int, height: int) -> None:
    """Raises Refusal BAD_SIZE for what a Wan VAE and patch size cannot make."""
    if frames < 1 or frames % 4 != 1 or width < 16 or height < 16 or width % 16 or height % 16:
        raise Refusal("BAD_SIZE", f"{frames} frames of {width}x{height} cannot be made: a Wan model makes 4k+1 frames with sides divisible by 16.", "Take the base model's own size.")


@torch.no_grad()
def generate(pipe: WanPipeline, base: Base, *, prompt: str, seed: int, steps: int, guidance: float, frames: int, width: int, height: int, max_sequence_length: int | None = None, on_step=None) -> np.ndarray:
    """uint8 [F, H, W, 3]. `on_step(step)` is called after each step and stops the rest by returning False."""
    check_size(frames, width, height)

    def after(pipe, step, _, kept):
        if on_step and on_step(step + 1) is False:
            pipe._interrupt = True
        return kept

    result = pipe(prompt, height=height, width=width, num_frames=frames, num_inference_steps=steps, guidance_scale=guidance, generator=torch.Generator("cpu").manual_seed(seed),
                  output_type="np", max_sequence_length=max_sequence_length or base.maxSequenceLength, callback_on_step_end=after)
    return (np.asarray(result.frames[0]) * 255).round().clip(0, 255).astype(np.uint8)
