"""Measure models on a rendered set: python training/evaluate.py configs/evaluate.yaml --set photos=FOLDER"""

from visiqc.training.evaluate import EvaluateRecipe, evaluate
from visiqc.training.recipes import train_recipe

if __name__ == "__main__":
    train_recipe(EvaluateRecipe, evaluate)
