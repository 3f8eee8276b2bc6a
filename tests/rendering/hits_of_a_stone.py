"""First hits of a stone on a table, saved for another variant to compare with: hits_of_a_stone.py OUT.npz"""

from __future__ import annotations

import sys

import numpy as np

from visiqc.rendering.camera import Camera
from visiqc.rendering.design import Look
from visiqc.rendering.engine import denoised, path_traced, variant
from visiqc.rendering.ground import draw_ground
from visiqc.rendering.light import environment
from visiqc.rendering.lights import draw_light
from visiqc.rendering.piece import Part, Role, StoneOrigin, View, piece_of
from visiqc.rendering.scene import Setting, load_scene, sensor
from visiqc.rendering.surfaces import sphere
from visiqc.rendering.tracing import first_hits, guides, seen_through

SIDE = 48
CAMERA = Camera(azimuth_deg=-90, elevation_deg=50, roll_deg=0, distance_mm=180, target=(0, 0, 3), field_deg=6)
STONE = StoneOrigin(cut="round", size=(4, 4, 4), seat=np.eye(4))


def main(out: str) -> None:
    """Trace and save."""
    crumb = Part(name="crack", mesh=sphere(1.0, steps=12).moved((0, 0, -1.2)), role=Role.AIR, gem="ruby")
    stone = Part(name="centre.stone", mesh=STONE.mesh(), role=Role.STONE, gem="ruby", origin=STONE)
    bead = Part(name="bead", mesh=sphere(1.5).moved((5.5, 0, 1.5)))
    piece = piece_of([Part(name="plate", mesh=sphere(0.2)), stone, bead, crumb], view=View())
    piece = piece.placed(np.eye(4) + np.pad([[0.0], [0.0], [4.0]], ((0, 1), (3, 0))))
    light = draw_light("soft_boxes", np.random.default_rng(0), camera_elevation_deg=50)
    setting = Setting(
        environment=environment(light, camera_azimuth_deg=-90), ground=draw_ground("white", np.random.default_rng(0))
    )
    scene = load_scene(piece, Look(metal="silver"), setting, CAMERA, side_px=SIDE)
    eye = sensor(CAMERA, SIDE)
    hits = first_hits(scene, eye, side_px=SIDE)
    seen = seen_through(scene, eye, "crack", {"centre__stone": 1.766}, side_px=SIDE)
    traced = path_traced(scene, samples=8, seed=3)
    again = path_traced(scene, samples=8, seed=3)
    albedo, normal = guides(scene, seed=1, decals={})
    clean = denoised(traced.radiance, albedo, normal)
    named = np.array([*hits.names, "nothing"])[hits.shape]
    arrays = {"named": named, "point": hits.point, "facing": hits.facing, "seen": seen, "light": traced.radiance}
    np.savez(out, **arrays, again=again.radiance, clean=clean, variant=variant())


if __name__ == "__main__":
    main(sys.argv[1])
