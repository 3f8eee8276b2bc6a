"""The service for any ASGI server: uvicorn --factory asgi:app --app-dir serving --timeout-graceful-shutdown 28

Without an API key or a user it answers nothing but its health checks: it cannot see which address its server binds,
so it never opens access to everyone as `visiqc serve` does on the loopback interface. Make one with `visiqc key create`
or `visiqc user add`.
"""

from fastapi import FastAPI

from visiqc.bootstrap import build_parts
from visiqc.service.app import create_app
from visiqc.service.logs import configure_logging
from visiqc.settings import Settings


def app() -> FastAPI:
    """The application on the parts that the environment (`VISIQC_…`) names."""
    settings = Settings()
    configure_logging(settings.log_format)
    return create_app(build_parts(settings), settings, open_access=False)
