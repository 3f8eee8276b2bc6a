"""Logging in and out.

The log-in form carries no token: a token in the form would need a session before the session. Instead the browser must
say that the form was sent from our own page (`require_own_page`), which a foreign page cannot make it say.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Form, Query, Request, Response
from pydantic import AfterValidator, BaseModel, Field, SecretStr

from visiqc.domain.people import MAX_NAME
from visiqc.errors import Busy, NotAllowed, NotAuthenticated, VisiQCError
from visiqc.service.asking import Asking, require_own_page, require_private_line
from visiqc.service.deps import PUBLIC, SMALL_FORM_BYTES, AskingDep, Shop, ShopDep, ViewerDep
from visiqc.service.errors import note_refusal, status_of
from visiqc.service.guarded import GuardedRoute
from visiqc.service.pages.local import HOME, LOGIN, local_path, see_other
from visiqc.service.pages.render import page
from visiqc.service.passwords import is_text
from visiqc.service.sessions import COOKIE

LOG_INS_WAITING = 16
router = APIRouter(include_in_schema=False, route_class=GuardedRoute)


class LogIn(BaseModel):
    """The fields of the form; a missing one is as good as a wrong one, and so is a name that is not text."""

    name: Annotated[str, AfterValidator(lambda sent: sent if is_text(sent) else "")] = ""
    password: SecretStr = SecretStr("")
    wanted: str = Field(default=HOME, alias="next")


@router.get("/login", dependencies=[PUBLIC])
def login_form(asking: AskingDep, shop: ShopDep, wanted: Annotated[str, Query(alias="next")] = HOME) -> Response:
    """The form; whoever needs none goes on."""
    try:
        shop.gate.admit(asking)
    except NotAuthenticated:
        return _form(asking, wanted)
    return see_other(local_path(wanted))


@router.post("/login", dependencies=[PUBLIC], max_body_size=SMALL_FORM_BYTES)
async def log_in(request: Request, asking: AskingDep, shop: ShopDep, sent: Annotated[LogIn, Form()]) -> Response:
    """Begin a session and go where the person wanted to; or the form again, with what was wrong."""
    try:
        token = await _new_session(request, asking, shop, sent)
    except (NotAuthenticated, Busy) as err:
        note_refusal(status_of(type(err)), err, shop.metrics)
        return _form(asking, sent.wanted, name=sent.name, refusal=err)
    answer = see_other(local_path(sent.wanted))
    # Without an age: it goes with the browser, as it should on a computer that several people use.
    answer.set_cookie(COOKIE, token, path="/", secure=True, httponly=True, samesite="lax")
    return answer


async def _new_session(request: Request, asking: Asking, shop: Shop, sent: LogIn) -> str:
    require_private_line(asking)
    require_own_page(asking)
    if shop.log_in.statistics().tasks_waiting >= LOG_INS_WAITING:
        raise Busy("many people are logging in at this moment; try again", retry_after_s=2)
    address = request.client.host if request.client else "unknown"
    check = partial(shop.sessions.log_in, sent.name, sent.password, address=address, before=asking.session_token)
    return await to_thread.run_sync(check, limiter=shop.log_in)


@router.post("/logout", max_body_size=SMALL_FORM_BYTES)
def log_out(asking: AskingDep, shop: ShopDep, caller: ViewerDep) -> Response:
    """End the session, here and in the browser."""
    if caller.session is None or asking.session_token is None:
        return see_other(HOME)
    shop.sessions.log_out(asking.session_token)
    answer = see_other(LOGIN)
    answer.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    answer.headers["Clear-Site-Data"] = '"cache"'  # photos too, on a computer that several people use
    return answer


def _form(asking: Asking, wanted: str, *, name: str = "", refusal: VisiQCError | None = None) -> Response:
    try:
        require_private_line(asking)
    except NotAllowed as err:
        return page("plain_http", caller=None, status=status_of(NotAllowed), why=str(err))
    status = status_of(type(refusal)) if refusal else 200
    headers = {"Retry-After": str(refusal.retry_after_s)} if isinstance(refusal, Busy) else {}
    shown = {"wanted": local_path(wanted), "name": name[:MAX_NAME], "refusal": str(refusal) if refusal else None}
    return page("login", caller=None, status=status, headers=headers, **shown)
