"""Build the fleet sidecar: python training/calibrate_fleet.py configs/calibrate_fleet.yaml --set photos=FOLDER"""

from visiqc.training.fleet import build_fleet
from visiqc.training.fleet_recipe import FleetRecipe
from visiqc.training.recipes import run_recipe

if __name__ == "__main__":
    run_recipe(FleetRecipe, build_fleet)
