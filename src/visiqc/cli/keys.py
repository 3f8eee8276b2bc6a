"""`visiqc key`: the API keys of the HTTP service."""

from __future__ import annotations

from typing import Annotated

import typer

from visiqc.domain.access import Role

keys_app = typer.Typer(no_args_is_help=True, help="Create, list and revoke API keys of the service.")


@keys_app.command("create")
def create(
    name: Annotated[str, typer.Option(help="Who or what will use it.")],
    role: Annotated[Role, typer.Option(help="What it may do; each role may do all that the ones before it may.")],
) -> None:
    """Create an API key and print it: the only time it can be read."""
    from visiqc.bootstrap import build_records, now
    from visiqc.service.auth import mint_key
    from visiqc.settings import Settings

    key, token = mint_key(name, role, at=now())
    build_records(Settings()).add_key(key)
    print(token)
    typer.echo(
        f"Key {key.id} for {key.name} ({key.role}). Keep it now, only its hash is stored. Send it with each request:\n"
        f"    Authorization: Bearer {token[: len('vq_') + 12]}_…",
        err=True,
    )


@keys_app.command("list")
def list_keys() -> None:
    """List all API keys, oldest first; secrets are not stored and not shown."""
    from visiqc.bootstrap import build_records
    from visiqc.settings import Settings

    keys = build_records(Settings()).keys()
    for key in keys:
        state = f"revoked {key.revoked_at:%Y-%m-%d %H:%M} UTC" if key.revoked_at else "works"
        print(f"{key.id}  {key.role:<9}  {key.made_at:%Y-%m-%d %H:%M} UTC  {state:<28}  {key.name}")
    if not keys:
        typer.echo(
            "There is no API key; without users too, the service answers on this machine only, to everyone.", err=True
        )


@keys_app.command("revoke")
def revoke(key_id: Annotated[str, typer.Argument(help="The key's id, as `visiqc key list` shows it.")]) -> None:
    """Revoke an API key: it stops working at once and for good."""
    from visiqc.bootstrap import build_records, now
    from visiqc.service.auth import NOBODY_LEFT, is_locked
    from visiqc.settings import Settings

    records = build_records(Settings())
    key = records.revoke_key(key_id, at=now())
    print(f"Key {key.id} ({key.name}) does not work any more.")
    if not is_locked(records):
        typer.echo(NOBODY_LEFT, err=True)
