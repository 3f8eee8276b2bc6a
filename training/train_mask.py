"""Train the mask model: python training/train_mask.py configs/train_mask.yaml --set fit.epochs=3"""

from visiqc.training.mask import MaskRecipe, train_mask
from visiqc.training.recipes import train_recipe

if __name__ == "__main__":
    train_recipe(MaskRecipe, train_mask)
