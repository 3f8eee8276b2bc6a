"""Mitsuba and its denoiser: which variant runs here, path tracing, denoising. Nothing else imports them first."""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from visiqc.errors import Unavailable
from visiqc.vision.types import FloatArray

FAST, SLOW = "llvm_ad_rgb", "scalar_rgb"
_FIRST_LLVM = 19
"""Older ones abort the process with `Cannot select … fminimum`."""
_BRIGHTEST = 40.0
"""Radiance is clamped here before denoising: what is left of a caustic's fireflies."""
_PER_PASS = 8
"""Samples a pixel in one pass: bounds the wavefront's memory, and a twin of one pass can be compared with the first."""
_FIRE = (-0.32, 0.05, 0.55)
"""Of a gem's dispersion (n at 431 nm less n at 687 nm): off its index at 589 nm for red, green and blue."""
_SAME_INDEX = 0.004
_MARGIN = 8
MAX_DEPTH, ROULETTE_DEPTH = 14, 8
"""Less depth darkens stones and saves nothing."""
_MISSING = 'Mitsuba is not installed; run: pip install "visiqc[render]"'


class Traced(NamedTuple):
    """A traced picture.

    Attributes:
        radiance: (H, W, 3) float32, of all samples.
        first: (H, W, 3) float32, of the first pass alone.
    """

    radiance: FloatArray
    first: FloatArray


def require_renderer() -> None:
    """Raise `Unavailable` with the command that installs it, unless the `[render]` extra is there."""
    wanted = ("mitsuba", "mitsuba_oidn", "manifold3d", "scipy")
    if not all(importlib.util.find_spec(name) for name in wanted):
        raise Unavailable(_MISSING)


@functools.cache
def mitsuba() -> ModuleType:
    """Mitsuba with the fastest variant that works here set: LLVM where a fit libLLVM is found, scalar otherwise.

    Raises:
        Unavailable: Mitsuba is not installed.
    """
    require_renderer()
    import mitsuba

    mitsuba.set_variant(FAST if _llvm_version() >= _FIRST_LLVM else SLOW)
    return mitsuba


@functools.cache
def _llvm_version() -> int:
    """Major version of the libLLVM that Dr.Jit finds; 0 = none."""
    import drjit
    import mitsuba

    if FAST not in mitsuba.variants():
        return 0
    try:
        mitsuba.set_variant(FAST)
        return int(drjit.detail.llvm_version()[0])
    except (ImportError, RuntimeError, AttributeError):
        return 0


def variant() -> str:
    """The variant that renders here, and why, as one sentence for the user."""
    if is_fast():
        return f"Mitsuba {FAST} with LLVM {_llvm_version()}"
    found = f"libLLVM {_llvm_version()} is too old" if _llvm_version() else "no libLLVM was found"
    return (
        f"Mitsuba {SLOW}, two to three times slower: {found}; install libLLVM {_FIRST_LLVM} or newer for the fast one"
    )


def is_fast() -> bool:
    """Whether the LLVM variant renders."""
    return str(mitsuba().variant()) == FAST


def single_threaded() -> None:
    """Hold this process to one thread: with a process a core, more would only get in each other's way."""
    mitsuba()
    import drjit

    drjit.set_thread_count(1)


def path_traced(
    scene: Any, *, samples: int, seed: int, dispersion: Mapping[float, float] | None = None, first_only: bool = False
) -> Traced:
    """Radiance of a loaded scene by unidirectional path tracing.

    Equal seeds give equal numbers on one machine; two scenes that differ in one part give equal numbers in every
    pixel whose light did not meet that part.

    Args:
        scene: A loaded Mitsuba scene.
        samples: Light paths a pixel, a multiple of 8 or fewer than 8.
        seed: Of the sampler, at least 0.
        dispersion: Of gems by their refractive index: red, green and blue are then refracted apart, which takes half
            as many samples again. None = no fire.
        first_only: Only the pass that is returned as `first`, whatever `samples` says.
    """
    if dispersion:
        return _with_fire(scene, samples, seed, dispersion, channels=(1,) if first_only else (0, 1, 2))
    samples = min(_PER_PASS, samples) if first_only else samples
    passes = [_pass(scene, min(_PER_PASS, samples), seed, number) for number in range(max(1, samples // _PER_PASS))]
    return Traced(_mean(passes), passes[0])


def _mean(passes: Sequence[FloatArray]) -> FloatArray:
    return np.asarray(np.mean(passes, axis=0), np.float32)


def _pass(scene: Any, samples: int, seed: int, number: int) -> FloatArray:
    picture = mitsuba().render(scene, spp=samples, seed=(seed % 2**21) * 1000 + number)
    return np.array(picture, np.float32)


def _with_fire(
    scene: Any, samples: int, seed: int, dispersion: Mapping[float, float], *, channels: tuple[int, ...]
) -> Traced:
    """Three passes with one seed, each with the gems' index for one colour of light, of which only it is kept."""
    parameters = mitsuba().traverse(scene)
    indices = {
        key: float(np.array(parameters[key]).ravel()[0])
        for key in parameters.keys()  # noqa: SIM118 - no mapping
        if key.endswith(".eta") and np.array(parameters[key]).size == 1
    }
    count = max(1, round(samples * 1.5 / (3 * _PER_PASS))) if len(channels) > 1 else 1
    total, first = None, None
    for channel in channels:
        offset = _FIRE[channel]
        for key, index in indices.items():
            parameters[key] = index + offset * _nearest(index, dispersion)
        parameters.update()
        passes = [_pass(scene, min(_PER_PASS, samples), seed, number) for number in range(count)]
        mean = _mean(passes)
        total = np.zeros_like(mean) if total is None else total
        total[..., channel] = mean[..., channel]
        first = passes[0] if channel == 1 else first
    for key, index in indices.items():
        parameters[key] = index
    parameters.update()
    first = np.asarray(first, np.float32)
    return Traced(first if len(channels) == 1 else np.asarray(total, np.float32), first)


def _nearest(index: float, dispersion: Mapping[float, float]) -> float:
    known = min(dispersion, key=lambda each: abs(each - index))
    return dispersion[known] if abs(known - index) < _SAME_INDEX else 0.0


def denoised(radiance: FloatArray, albedo: FloatArray, normal: FloatArray) -> FloatArray:
    """The picture without its noise (Intel Open Image Denoise), guided by what the camera sees first.

    Args:
        radiance: (H, W, 3) float32, from a box filter; correlated neighbours would be taken for texture.
        albedo: (H, W, 3) float32 in 0..1.
        normal: (H, W, 3) float32.
    """
    mitsuba()  # the denoiser shares Dr.Jit's threads
    import mitsuba_oidn

    clean = mitsuba_oidn.denoise(
        *(_framed(each) for each in (np.minimum(radiance, _BRIGHTEST), np.clip(albedo, 0, 1), normal)), hdr=True
    )
    return np.asarray(clean, np.float32)[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN]


def _framed(picture: FloatArray) -> FloatArray:
    """The picture continued by its mirror image: the denoiser brightens its outermost pixels."""
    margin = ((_MARGIN, _MARGIN), (_MARGIN, _MARGIN), (0, 0))
    return np.ascontiguousarray(np.pad(picture, margin, mode="reflect"), np.float32)
