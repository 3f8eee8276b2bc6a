"""Train the sample-mismatch model: python training/train_mismatch.py configs/train_mismatch.yaml"""

from visiqc.training.mismatch import MismatchRecipe, train_mismatch
from visiqc.training.recipes import train_recipe

if __name__ == "__main__":
    train_recipe(MismatchRecipe, train_mismatch)
