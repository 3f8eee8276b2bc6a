"""Variants of a model in fewer bits: python training/export.py configs/export_variants.yaml --set model=FOLDER"""

from visiqc.training.export_variants import VariantsRecipe, export_variants
from visiqc.training.recipes import run_recipe

if __name__ == "__main__":
    run_recipe(VariantsRecipe, export_variants)
