from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
SCRIPT = TESTS / "inspection" / "fresh_process.py"


def test_a_fresh_process_gives_the_same_features_scores_maps_and_warps(tmp_path: Path) -> None:
    paths = os.pathsep.join(filter(None, (str(TESTS), os.environ.get("PYTHONPATH"))))
    command = [sys.executable, str(SCRIPT), str(tmp_path / "there")]
    ran = subprocess.run(command, env=os.environ | {"PYTHONPATH": paths}, capture_output=True, text=True, check=True)
    here = runpy.run_path(str(SCRIPT))["figures"](tmp_path / "here")
    assert json.loads(ran.stdout) == json.loads(json.dumps(here))
    _, (good, bad) = here
    assert (good["outcome"], bad["regions"] != ()) == ("PASS", True)
    assert good["score_map_digest"] != bad["score_map_digest"]
