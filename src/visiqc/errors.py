"""Every error VisiQC raises.

VisiQCError
├── InputError            the caller sent something unusable              422
│   ├── UnreadablePhoto   not a picture, broken, or refused by its header
│   ├── UnsupportedMedia  a picture format this installation cannot read  415
│   ├── TooLarge          body, file or pixel count over the limit        413
│   ├── ShapeMismatch     arrays that should share H and W do not
│   └── BadRecipe         a setting or recipe key that does not exist
├── NotAllowed            this user may not do this                       403
│   └── NotAuthenticated  no key or session, or one we do not know        401
├── NotFound              no such record, blob or model                   404
├── Conflict              the record's state forbids it                   409
│   └── NotApproved       the golden version has not been approved
├── Busy                  the queue is full; try again                    429
│   └── TooManyAttempts   too many log-ins failed; wait                   429
├── IntegrityError        stored bytes are not the bytes we hashed        500
├── InvalidRecord         a record contradicts itself: our mistake        500
└── Unavailable           database, disk, device or model out of reach    503
"""


class VisiQCError(Exception):
    """Base of the tree; `str(error)` is a sentence for the person who caused it."""


class InputError(VisiQCError):
    """The caller sent something unusable."""


class UnreadablePhoto(InputError):
    """The bytes are not a picture that can be decoded safely."""


class UnsupportedMedia(InputError):
    """A real picture, in a format this installation cannot read."""


class TooLarge(InputError):
    """A body, file or pixel count over the limit."""


class ShapeMismatch(InputError):
    """Arrays that must share height and width do not."""


class BadRecipe(InputError):
    """A recipe or setting names something that does not exist or is out of range."""


class NotAllowed(VisiQCError):
    """This user may not do this."""


class NotAuthenticated(NotAllowed):
    """No API key or session was sent, or one that is unknown, revoked or over."""


class NotFound(VisiQCError):
    """No such record, blob or model."""


class Conflict(VisiQCError):
    """The record's state forbids the request."""


class NotApproved(Conflict):
    """The golden version exists, but nobody has approved it."""


class Busy(VisiQCError):
    """The scoring queue is full.

    Attributes:
        retry_after_s: Seconds after which a place is likely to be free, at least 1.
    """

    def __init__(self, message: str, *, retry_after_s: int = 1) -> None:
        super().__init__(message)
        self.retry_after_s = max(1, retry_after_s)


class TooManyAttempts(Busy):
    """Too many log-ins failed for this name or from this address."""


class IntegrityError(VisiQCError):
    """Stored bytes are not the bytes that were hashed."""


class InvalidRecord(VisiQCError):
    """A record contradicts itself; a programming mistake, never the user's."""


class Unavailable(VisiQCError):
    """Database, disk, device or model is out of reach at present."""
