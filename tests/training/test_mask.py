"""The mask model from photos to a candidate that is served."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from visiqc.errors import BadRecipe
from visiqc.recipes import make_recipe, read_recipe
from visiqc.runtime.cards import read_card
from visiqc.runtime.models import NONE, load_models
from visiqc.training.datasets.pairs import OWN, Pair, PairSet
from visiqc.training.mask import MaskRecipe, data_digest, evenly, photos_with_masks, products_held_out, train_mask
from visiqc.training.mask_export import multiply_adds
from visiqc.training.mask_model import MaskArchitecture, MaskNet, mask_loss
from visiqc.training.mismatch import MismatchRecipe
from visiqc.training.mismatch import products_held_out as mismatch_held_out
from visiqc.training.mismatch_data import Shown
from visiqc.training.sources import Sources, read_sources
from visiqc.training.tracking import Tracker

ROOT = Path(__file__).parents[2]
MOST_PARAMETERS = 500_000


def test_the_recipes_in_configs_are_recipes() -> None:
    for name in ("train_mask", "train_mask_smoke"):
        assert isinstance(read_recipe(MaskRecipe, ROOT / f"configs/{name}.yaml"), MaskRecipe)


@pytest.mark.parametrize(
    ("changes", "named"),
    [({"held_out": 0}, "held_out"), ({"steps": 0}, "steps"), ({"side": 100}, "side"), ({"workers": 99}, "workers")],
)
def test_a_recipe_that_cannot_be_is_refused_by_name(changes: dict[str, int], named: str) -> None:
    with pytest.raises(BadRecipe, match=named):
        make_recipe(MaskRecipe, {"data": {"renders": ["data/samples"]}} | changes)


def test_it_learns_from_no_product_the_mismatch_model_holds_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    data = Sources(renders=(Path("data/samples"),))
    sets = read_sources(data, shippable=True)
    recipe, other = MaskRecipe(data=data, held_out=0.5), MismatchRecipe(data=data, held_out=0.5)
    assert products_held_out(recipe, sets) == mismatch_held_out(other, sets)


def test_products_that_share_a_lot_with_one_held_out_are_held_out_in_whichever_set_they_are() -> None:
    def numbered(name: str) -> PairSet:
        pairs = tuple(
            Pair(
                sku=f"{name}-{n}",
                goldens=(Path(name, f"golden-{n}.jpg"),),
                upload=Path(name, f"upload-{n}.jpg"),
                lot=f"lot {n}",
                defective=False,
            )
            for n in range(12)
        )
        return PairSet(name=name, licence=OWN, digest="0" * 64, pairs=pairs)

    sets = [numbered("march"), numbered("april")]
    apart = products_held_out(MaskRecipe(data=Sources(renders=(Path("none"),)), held_out=0.2), sets)
    assert apart
    lots = [{pair.lot for one in sets for pair in one.pairs if (pair.sku in apart) == held} for held in (True, False)]
    assert not lots[0] & lots[1]


@pytest.mark.parametrize("photos", [1, 5, 239, 240, 479, 700])
def test_validation_looks_at_the_first_photo_and_the_last_and_leaves_no_long_gap(photos: int) -> None:
    shown = [Shown(photo=Path(f"{n}.jpg"), sku="ring", identity="ring", role="same") for n in range(photos)]
    taken = [int(one.photo.stem) for one in evenly(shown, 240)]
    assert len(taken) == len(set(taken)) == min(photos, 240)
    assert (taken[0], taken[-1]) == (0, photos - 1)
    assert max(np.diff(taken), default=0) <= photos // 240 + 1


def test_of_photos_that_differ_in_a_defect_alone_one_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    (samples,) = read_sources(Sources(renders=(Path("data/samples"),)), shippable=True)
    assert len(photos_with_masks([samples])) > 40
    pairs = tuple(pair for pair in samples.pairs if pair.sku == samples.pairs[0].sku)
    shared = tuple(replace(pair, view="1") for pair in pairs)
    one = PairSet(name="views", licence=samples.licence, digest="0" * 64, pairs=shared)
    assert len(photos_with_masks([one])) == len(shared[0].goldens) + 1


def test_the_net_is_small_and_answers_at_half_the_size() -> None:
    net = MaskNet(MaskArchitecture()).eval()
    assert sum(each.numel() for each in net.parameters()) < MOST_PARAMETERS
    assert 200 < multiply_adds(net) < 3000
    maps = [torch.zeros(2, channels, 96 // s, 64 // s) for channels, s in ((24, 4), (40, 8), (112, 16))]
    assert net(torch.zeros(2, 3, 96, 64), *maps).shape == (2, 1, 48, 32)


def test_what_has_no_weight_costs_nothing_and_right_answers_cost_less_than_wrong_ones() -> None:
    product = torch.zeros(1, 1, 8, 8)
    product[..., :4] = 1
    right, ones = 12 * product - 6, torch.ones_like(product)
    assert mask_loss(right, product, ones)[0] < 0.1 * mask_loss(-right, product, ones)[0]
    half = ones.clone()
    half[..., 4:] = 0
    spoiled = right.clone()
    spoiled[..., 4:] = 6
    assert torch.isclose(mask_loss(spoiled, product, half)[0], mask_loss(right, product, half)[0])


@pytest.mark.slow
def test_the_smoke_recipe_gives_a_candidate_that_serves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("VISIQC_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("VISIQC_HOME", str(tmp_path / "nothing-promoted"))
    recipe = read_recipe(MaskRecipe, ROOT / "configs/train_mask_smoke.yaml", ["version=smoke"])
    result = train_mask(recipe, Tracker(tmp_path / "run"), tmp_path / "run")
    assert result.data_digest == data_digest(recipe)
    assert {"held_out/iou", "held_out_without_model/iou"} <= result.metrics.keys()
    (candidate,) = result.artifacts
    card = read_card(candidate / "mask" / "smoke")
    assert card.shippable
    assert card.training is not None
    learned = card.training.data[0].skus
    assert learned
    assert set(learned).isdisjoint(json.loads((candidate / "held-out.json").read_text()))
    assert max(card.parity.values()) < 1e-3
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "models").symlink_to(candidate)
    models = load_models(home=tmp_path / "home", mask="smoke", defect=NONE, device="cpu", threads=1)
    assert models.mask is not None
    assert models.mask.digest == card.sha256
