"""The stairs of the house, and that serving needs nothing of training."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ["torch", "torchvision", "mlflow", "ray", "mitsuba", "albumentations"]
IMPORT_ALL = f"""
import importlib, pkgutil, sys
for name in {HEAVY}:
    sys.modules[name] = None  # importing it fails from now on
import visiqc
count = 0
for module in pkgutil.walk_packages(visiqc.__path__, "visiqc."):
    if module.name.startswith(("visiqc.training", "visiqc.rendering", "visiqc.storage.migrations.")):
        continue
    importlib.import_module(module.name)
    count += 1
print(count)
"""


def test_every_import_goes_down_the_stairs() -> None:
    code = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_everything_but_training_imports_without_the_heavy_packages() -> None:
    ran = subprocess.run([sys.executable, "-c", IMPORT_ALL], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout) > 80
