"""Train the defect model: python training/train_defect.py configs/train_defect.yaml --set fit.epochs=3"""

from visiqc.training.defect import DefectRecipe, train_defect
from visiqc.training.recipes import train_recipe

if __name__ == "__main__":
    train_recipe(DefectRecipe, train_defect)
