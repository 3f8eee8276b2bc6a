"""`visiqc serve`: the HTTP service in this process."""

from __future__ import annotations

from typing import Annotated

import typer


def serve(
    host: Annotated[
        str, typer.Option(help="Address to listen on; others than loopback need an API key or a user.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8000,
    workers: Annotated[
        int | None,
        typer.Option(
            min=0, max=64, help="Photos scored at the same time; 0: by `visiqc worker`. Default VISIQC_WORKERS."
        ),
    ] = None,
    grace: Annotated[
        float, typer.Option(min=0, help="Seconds that stopping waits for accepted photos; the rest is resumed later.")
    ] = 25.0,
    open_access: Annotated[
        bool,
        typer.Option(
            "--open-access", help="Answer everyone on this machine again, when no key or user that was made works."
        ),
    ] = False,
) -> None:
    """Serve pages and HTTP API until Ctrl+C or SIGTERM; stopping finishes what was accepted."""
    from visiqc.bootstrap import build_parts, build_records
    from visiqc.errors import NotAllowed
    from visiqc.service.server import bind, decide_access, run, url_of
    from visiqc.settings import Settings

    settings = Settings()
    if workers is not None:
        settings = settings.model_copy(update={"workers": workers})
    with bind(host, port) as listener:
        from visiqc.service.app import create_app
        from visiqc.service.logs import configure_logging

        configure_logging(settings.log_format)
        records = build_records(settings)
        try:
            opened = decide_access(host, records, reopen=open_access)
        except NotAllowed as err:
            raise typer.BadParameter(str(err), param_hint="--host") from err
        app = create_app(build_parts(settings, records=records), settings, open_access=opened, grace_s=grace)
        if opened:
            _warn_loudly()
        url = url_of(listener)
        run(app, listener, on_ready=lambda: _announce(url), grace_s=grace)


def _announce(url: str) -> None:
    print(
        f"VisiQC listens on {url}, open it in a browser; its API is described at {url}/docs; Ctrl+C stops it",
        flush=True,
    )


def _warn_loudly() -> None:
    from visiqc.service.auth import ADD_USER_COMMAND, CREATE_KEY_COMMAND

    lines = (
        "OPEN ACCESS: no API key works and nobody may log in, so all programs of this machine",
        "may enrol, approve and score. Nothing else can reach it. To close it, either of:",
        f"    {CREATE_KEY_COMMAND}",
        f"    {ADD_USER_COMMAND}",
    )
    typer.secho("\n".join(("!" * 80, *(f"!!  {line}" for line in lines), "!" * 80)), err=True, fg="yellow")
