"""Hold a challenger against the champion: python training/compare.py configs/compare.yaml --set photos=FOLDER"""

from visiqc.training.compare import CompareRecipe, compare
from visiqc.training.recipes import train_recipe

if __name__ == "__main__":
    train_recipe(CompareRecipe, compare)
