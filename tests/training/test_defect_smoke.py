"""The smoke recipe: photos in, a served model out, by the commands a data scientist uses."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from visiqc.runtime.cards import read_card

ROOT = Path(__file__).parents[2]


def visiqc(*arguments: str, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, in the checkout."""
    quiet = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0", "VISIQC_HOME": str(home)}
    return subprocess.run(
        [sys.executable, "-c", "import sys; from visiqc.cli import main; sys.exit(main())", *arguments],
        cwd=ROOT,
        env=os.environ | quiet | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_the_smoke_recipe_trains_exports_calibrates_and_serves(tmp_path: Path) -> None:
    cache, home = tmp_path / "cache", tmp_path / "home"
    recipe = "configs/train_defect_smoke.yaml", "--set", "calibration.sizes=[128, 160]"
    ran = visiqc("train", "defect", *recipe, "--no-tracking", home=home, VISIQC_CACHE=str(cache))
    assert ran.returncode == 0, ran.stderr[-2000:]
    (candidate,) = cache.glob("runs/*/candidate")
    (folder,) = (candidate / "defect").iterdir()
    card = read_card(folder)
    assert card.shippable
    assert card.training is not None
    (data,) = card.training.data
    assert data.name == "samples"
    assert data.skus
    assert set(data.skus).isdisjoint(json.loads((candidate / "held-out.json").read_text()))
    assert max(card.parity.values()) < 1e-3
    # The sizes are not those the weights come from: that is said, and costs nothing.
    assert "scores are left without a scale by the size of the golden frame" in ran.stderr
    for picture in ("learning-curves.png", "roc.png", "scores.png", "types.png", "worst-misses.png"):
        assert (candidate.parent / "figures" / picture).stat().st_size > 1000

    shutil.copytree(candidate, home / "models")
    sample = "data/samples/aria-solitaire"
    goldens = [str(path) for path in sorted((ROOT / sample / "golden").glob("*.jpg"))[:2]]
    served = {"VISIQC_DEFECT": folder.name}
    assert visiqc("golden", "enrol", "ring", *goldens, "--long-side", "320", home=home, **served).returncode == 0
    assert visiqc("golden", "approve", "ring", "1", home=home, **served).returncode == 0
    upload = next((ROOT / sample / "uploads").glob("jig-good-*.jpg"))
    scored = visiqc("score", "ring", str(upload), "--json", home=home, **served)
    verdict = json.loads(scored.stdout)["photos"][0]["verdict"]
    assert card.sha256 in verdict["model_digests"]
