"""`visiqc golden`: enrol, approve, list, show and calibrate golden samples."""

from __future__ import annotations

from typing import Annotated

import typer

from visiqc.cli.who import this_user

golden_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Enrol, approve, list, show and calibrate golden samples.",
)

Sku = Annotated[str, typer.Argument(metavar="SKU", help="The product: letters, digits, '.', '_', '-' and '+'.")]


@golden_app.command()
def enrol(
    sku: Sku,
    photos: Annotated[
        list[str] | None,
        typer.Argument(help="1 to 20 photos, folders of photos, or VIEW=PHOTO.", metavar="PHOTO"),
    ] = None,
    view: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=PATH", help="A photo or folder and the view it shows; may be repeated."),
    ] = None,
    long_side: Annotated[
        int | None, typer.Option(help="Resolution of the comparison, 256 to 2048 pixels; default 1024.")
    ] = None,
    alpha_review: Annotated[
        float | None, typer.Option(help="p-value at or below which a photo is flagged; default 0.05.")
    ] = None,
    alpha_reject: Annotated[
        float | None, typer.Option(help="p-value at or below which it may be rejected; default 0.01.")
    ] = None,
    min_region_px: Annotated[
        int | None, typer.Option(help="Smallest region, in pixels of the golden frame, that may reject; default 64.")
    ] = None,
) -> None:
    """Enrol the next golden version of a product; nothing is scored against it until it is approved.

    Photos without a view are grouped by what they show.
    """
    from visiqc.bootstrap import build_parts
    from visiqc.cli.photos import find_golden_photos
    from visiqc.cli.progress import progress
    from visiqc.domain.golden import MAX_GOLDEN_PHOTOS, ScoringPolicy
    from visiqc.errors import InputError
    from visiqc.inspection.enrol import enrol_golden

    asked = {
        "long_side": long_side,
        "alpha_review": alpha_review,
        "alpha_reject": alpha_reject,
        "min_region_px": min_region_px,
    }
    policy = ScoringPolicy(**{name: value for name, value in asked.items() if value is not None})  # type: ignore[arg-type]
    if not (photos or view):
        raise typer.BadParameter("name at least one photo", param_hint="PHOTO")
    files = find_golden_photos(photos or [], view or [])
    if len(files) > MAX_GOLDEN_PHOTOS:
        raise InputError(f"a golden sample takes 1 to {MAX_GOLDEN_PHOTOS} photos, got {len(files)}")
    parts = build_parts()
    sent = [file.read(max_bytes=parts.limits.max_bytes) for file in files]
    with progress(f"enrol {sku}") as steps:
        golden = enrol_golden(sku, sent, parts, policy=policy, progress=steps)
    print(f"{golden.sku} version {golden.version}: {len(golden.photos)} photos, views {', '.join(golden.views)}")
    print(f"Not approved yet. To approve it: visiqc golden approve {golden.sku} {golden.version}")


@golden_app.command()
def approve(
    sku: Sku,
    version: Annotated[int, typer.Argument(metavar="VERSION", min=1, help="The version to approve.")],
    by: Annotated[str | None, typer.Option(help="Who approves it; default: the user of this computer.")] = None,
) -> None:
    """Approve a golden version and make it current: from now on photos are scored against it."""
    from visiqc.bootstrap import build_parts
    from visiqc.inspection.enrol import approve_golden

    golden = approve_golden(sku, version, by=by or this_user(), parts=build_parts())
    print(f"{golden.sku} version {golden.version} is approved by {golden.approved_by} and current.")


@golden_app.command("list")
def list_goldens(sku: Annotated[str | None, typer.Argument(metavar="SKU", help="Only this product.")] = None) -> None:
    """List golden versions; the current one of each product is marked with a star."""
    from visiqc.bootstrap import build_records
    from visiqc.domain.golden import checked_sku
    from visiqc.settings import Settings

    goldens = build_records(Settings()).goldens(sku and checked_sku(sku))
    approvals = [(golden.sku, golden.approved_at, golden.version) for golden in goldens if golden.approved_at]
    current = {
        name: max((at, version) for other, at, version in approvals if other == name) for name, _, _ in approvals
    }
    for golden in goldens:
        star = "*" if current.get(golden.sku, (None, 0))[1] == golden.version else " "
        state = f"approved by {golden.approved_by}" if golden.approved else "not approved"
        print(
            f"{star} {golden.sku:<24} {golden.version:>3}  {golden.made_at:%Y-%m-%d %H:%M} UTC  "
            f"{len(golden.photos):>2} photos  {state}"
        )
    if not goldens:
        typer.echo(f"There is no golden sample{f' of {sku}' if sku else ''}; visiqc golden enrol makes one.", err=True)


@golden_app.command()
def show(
    sku: Sku,
    version: Annotated[
        int | None, typer.Argument(metavar="VERSION", min=1, help="The version; default: the current one.")
    ] = None,
) -> None:
    """Show one golden version: photos and views, how it judges, and its calibration."""
    from visiqc.bootstrap import build_parts
    from visiqc.cli.golden_text import describe_golden
    from visiqc.domain.golden import checked_sku
    from visiqc.inspection.inspect import calibration_in_force
    from visiqc.settings import Settings

    parts = build_parts(Settings())
    records = parts.records
    golden = records.golden(checked_sku(sku), version) if version else records.current_golden(checked_sku(sku))
    own = calibration_in_force(golden, parts)
    kept = own or records.calibration(golden.sku, golden.version)
    print(describe_golden(golden, kept, in_force=own is not None))


@golden_app.command()
def calibrate(
    sku: Sku,
    accepted: Annotated[
        list[str],
        typer.Argument(help="A photo of an accepted piece, or a folder of photos of one piece.", metavar="PIECE"),
    ],
    golden_version: Annotated[
        int | None, typer.Option(min=1, help="Calibrate this golden version; default: the current one.")
    ] = None,
) -> None:
    """Calibrate a golden version with accepted pieces; from 29 of them on its verdicts are no longer provisional.

    Each file is a piece of its own; a folder is one piece, whose worst photo counts.
    """
    from visiqc.bootstrap import build_parts
    from visiqc.cli.golden_text import describe_calibrating
    from visiqc.cli.pieces import readable_pieces
    from visiqc.cli.progress import progress
    from visiqc.inspection.calibrate import calibrate_golden
    from visiqc.settings import Settings

    settings = Settings()
    parts = build_parts(settings)
    pieces, unread = readable_pieces(accepted, max_bytes=parts.limits.max_bytes)
    with progress(f"calibrate {sku}") as steps:
        result = calibrate_golden(
            sku, pieces, parts, golden_version=golden_version, named=settings.names_models, progress=steps
        )
    print(describe_calibrating(result, unread))
