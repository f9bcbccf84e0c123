"""The starter's parts: real diffusers and transformers classes of the Wan family, at a size that a CPU trains."""
import json
import shutil
from pathlib import Path

import torch
from diffusers import AutoencoderKLWan, UniPCMultistepScheduler, WanPipeline, WanTransformer3DModel
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast, UMT5Config, UMT5EncoderModel

TEXT_DIM, TOKENS, SHIFT = 64, 2048, 3.0
MAX_SEQUENCE_LENGTH = 64
WIDTH, HEIGHT, FRAMES, FPS = 96, 64, 17, 16


def make_vae(latents_mean: list[float] | None = None, latents_std: list[float] | None = None) -> AutoencoderKLWan:
    """698,252 parameters; 16 channels per 8x8x4 block. is_residual needs the last two dim_mult equal."""
    return AutoencoderKLWan(base_dim=16, z_dim=16, dim_mult=[1, 2, 2], num_res_blocks=1, temperal_downsample=[True, True], is_residual=True, in_channels=12, out_channels=12, patch_size=2,
                            scale_factor_spatial=8, scale_factor_temporal=4, latents_mean=latents_mean or [0.0] * 16, latents_std=latents_std or [1.0] * 16)


def make_transformer() -> WanTransformer3DModel:
    return WanTransformer3DModel(patch_size=(1, 2, 2), num_attention_heads=4, attention_head_dim=32, in_channels=16, out_channels=16, text_dim=TEXT_DIM, freq_dim=128, ffn_dim=512, num_layers=4,
                                 cross_attn_norm=True, qk_norm="rms_norm_across_heads", rope_max_seq_len=64)


def make_text_encoder() -> UMT5EncoderModel:
    return UMT5EncoderModel(UMT5Config(vocab_size=TOKENS, d_model=TEXT_DIM, d_kv=32, d_ff=256, num_layers=2, num_heads=4, dropout_rate=0.0, pad_token_id=0, eos_token_id=1, decoder_start_token_id=0))


def make_tokenizer(sentences: list[str]) -> PreTrainedTokenizerFast:
    """Learnt from the sentences alone; the embedding has TOKENS rows, more than are used."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    letters = list("abcdefghijklmnopqrstuvwxyz0123456789.,-'")
    tokenizer.train_from_iterator(sentences, trainers.UnigramTrainer(vocab_size=TOKENS, special_tokens=["<pad>", "</s>", "<unk>"], unk_token="<unk>", initial_alphabet=letters, show_progress=False))
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>", model_max_length=MAX_SEQUENCE_LENGTH)


def make_scheduler() -> UniPCMultistepScheduler:
    """The one whose sigmas match the closed form; FlowMatchEuler with shift 3 shifts the low end twice."""
    return UniPCMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=SHIFT, num_train_timesteps=1000)


def save(folder: Path, vae, transformer, text_encoder, tokenizer) -> None:
    """A WanPipeline folder in bf16, with what Backlot wants to know of it."""
    for part in ("vae", "transformer", "text_encoder", "tokenizer", "scheduler"):
        shutil.rmtree(folder / part, ignore_errors=True)
    pipe = WanPipeline(tokenizer=tokenizer, text_encoder=text_encoder, vae=vae, scheduler=make_scheduler(), transformer=transformer)
    pipe.to(torch.bfloat16).save_pretrained(folder, safe_serialization=True)
    about = {
        "name": "Backlot starter", "licence": "Apache-2.0", "width": WIDTH, "height": HEIGHT, "frames": FRAMES, "fps": FPS, "maxSequenceLength": MAX_SEQUENCE_LENGTH,
        "training": {"steps": 100, "rank": 8, "batch": 4, "learningRate": 2e-4}, "generation": {"steps": 20, "guidance": 4},
    }
    (folder / "backlot.json").write_text(json.dumps(about, indent=2) + "\n")
    for file in folder.rglob("*"):
        file.chmod(0o755 if file.is_dir() else 0o644)  # saved weights are 0600, which another user's agent could not read
