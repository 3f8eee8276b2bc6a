"""What rendering costs: photos per hour and where the time goes."""

from __future__ import annotations

from visiqc.rendering.jobs import Rendered


def throughput(rendered: Rendered) -> str:
    """The pace, and a table of CPU seconds a photo and share by stage, the dearest first; empty when none was taken."""
    if not rendered.taken:
        return ""
    total = sum(rendered.seconds.values()) or 1.0
    pace = rendered.taken / max(rendered.wall_s, 1e-9) * 3600
    lines = [
        f"{rendered.taken} photos in {rendered.wall_s:.0f} s: {pace:.0f} photos an hour",
        f"{'stage':<12} {'CPU s a photo':>13} {'share':>6}",
    ]
    for stage, seconds in sorted(rendered.seconds.items(), key=lambda each: -each[1]):
        lines.append(f"{stage:<12} {seconds / rendered.taken:>13.2f} {seconds / total:>6.0%}")
    return "\n".join([*lines, f"{'all':<12} {total / rendered.taken:>13.2f} {1:>6.0%}"])
