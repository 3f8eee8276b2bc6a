"""Fit the light model: python training/fit_colour.py configs/fit_colour.yaml --set photos=[FOLDER,FOLDER]"""

from visiqc.training.colour import ColourRecipe, fit_colour
from visiqc.training.recipes import run_recipe

if __name__ == "__main__":
    run_recipe(ColourRecipe, fit_colour)
