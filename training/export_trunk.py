"""Export trunk and identity model: python training/export_trunk.py configs/export_lite0.yaml --set release=2"""

from visiqc.training.export import ExportRecipe, export
from visiqc.training.recipes import run_recipe

if __name__ == "__main__":
    run_recipe(ExportRecipe, export)
