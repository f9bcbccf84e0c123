import pytest
import torch

from backlot_trainer import flow, wan
from backlot_trainer.base import describe
from backlot_trainer.spec import Lora

from .world import STARTER, moving_clip


@pytest.fixture(scope="module")
def pipe():
    wan.make_deterministic()
    return wan.load(STARTER)


def velocity(pipe) -> torch.Tensor:
    latents = torch.randn(1, 16, 2, 4, 4, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        return pipe.transformer(latents, torch.tensor([500.0]), wan.encode_text(pipe, "a square", 64)[None], return_dict=False)[0]


def test_an_adapter_saved_and_loaded_is_the_same_to_the_bit_and_the_base_without_it(pipe):
    base = velocity(pipe)
    wan.add_adapter(pipe, Lora(4, 8, ["to_q", "to_out.0"]), seed=3)
    assert torch.equal(velocity(pipe), base), "a fresh adapter adds nothing"
    with torch.no_grad():
        for name, parameter in pipe.transformer.named_parameters():
            if "lora_B" in name:
                parameter.normal_(0, 0.1, generator=torch.Generator().manual_seed(4))
    adapted, file = velocity(pipe), wan.save_adapter(pipe)
    assert not torch.equal(adapted, base)
    wan.drop_adapter(pipe)
    assert torch.equal(velocity(pipe), base)
    wan.load_adapter(pipe, file)
    assert torch.equal(velocity(pipe), adapted), "alpha is not the rank here: without metadata the scale would be half"
    pipe.transformer.disable_adapters()
    assert torch.equal(velocity(pipe), base)
    pipe.transformer.enable_adapters()
    assert wan.hash_tensors(file) == wan.hash_tensors(wan.save_adapter(pipe))
    wan.drop_adapter(pipe)


def test_diffusers_itself_loads_the_adapter(pipe, tmp_path):
    wan.add_adapter(pipe, Lora(2, 4, ["to_q"]), seed=3)
    file = wan.save_adapter(pipe)
    wan.drop_adapter(pipe)
    (tmp_path / "pytorch_lora_weights.safetensors").write_bytes(file)
    pipe.load_lora_weights(tmp_path, adapter_name="theirs")
    assert pipe.transformer.peft_config["theirs"].lora_alpha == 4
    pipe.unload_lora_weights()


def test_latents_are_normalised_as_the_pipeline_expects_them(pipe):
    latents = wan.encode_clip(pipe, moving_clip(1))
    assert latents.shape == (16, 2, 4, 4)
    mean, std = (torch.tensor(values).view(1, -1, 1, 1, 1) for values in (pipe.vae.config.latents_mean, pipe.vae.config.latents_std))
    shown = pipe.vae.decode(latents[None] * std + mean).sample
    film = torch.from_numpy(moving_clip(1)).permute(3, 0, 1, 2)[None].float() / 127.5 - 1
    assert (shown - film).pow(2).mean() < 0.1


def test_the_fixed_grid_gives_the_same_loss_whatever_was_drawn_before(pipe):
    clips = [(wan.encode_clip(pipe, moving_clip(n)), wan.encode_text(pipe, "a square", 64)) for n in range(3)]
    first = flow.grid_loss(pipe.transformer, clips, 3.0, 2)
    torch.randn(5)
    assert flow.grid_loss(pipe.transformer, clips, 3.0, 2) == first


def test_a_seed_gives_the_same_pictures_and_another_seed_others(pipe):
    base = describe(STARTER)
    make = lambda seed: wan.generate(pipe, base, prompt="a square", seed=seed, steps=2, guidance=4, frames=5, width=32, height=32)  # noqa: E731
    first = make(1)
    assert first.shape == (5, 32, 32, 3) and (first == make(1)).all() and (first != make(2)).any()


def test_sigma_is_drawn_continuously_in_0_to_1_and_shifted():
    sigma = flow.draw_sigma(10_000, 3.0, torch.Generator().manual_seed(0))
    assert 0 < sigma.min() and sigma.max() < 1 and abs(sigma.median() - 0.75) < 0.02 and len(sigma.unique()) > 9_000
