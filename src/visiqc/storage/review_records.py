"""Inspectors' reviews, and who has which photo open."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from visiqc.domain.review import Review, require_newest, standing_review
from visiqc.storage.database import Database
from visiqc.storage.documents import from_document, to_document
from visiqc.storage.schema import queue, reviews, viewings
from visiqc.storage.upload_records import state_of


class ReviewRecords:
    """The part of `Records` that is about what inspectors say."""

    _database: Database

    def add_review(self, review: Review) -> Review:
        """Keep a review; see `ReviewRecords.add_review`."""
        row = {
            "id": review.id,
            "upload_id": review.upload_id,
            "supersedes": review.supersedes,
            "author": review.author,
            "decision": review.decision,
            "made_at": review.made_at,
            "document": to_document(review),
        }

        def work(connection: Connection) -> Review:
            state_of(connection, review.upload_id)
            require_newest(_reviews(connection, review.upload_id), review)
            connection.execute(insert(reviews).values(row))
            _say_in_queue(connection, review)
            return review

        return self._database.write(work)

    def reviews(self, upload_id: str) -> tuple[Review, ...]:
        """All reviews of a photo; see `ReviewRecords.reviews`."""
        with self._database.reading() as connection:
            state_of(connection, upload_id)
            return _reviews(connection, upload_id)

    def look_at(self, upload_id: str, viewer: str, name: str, *, at: datetime, since: datetime) -> tuple[str, ...]:
        """Say that somebody has a photo open; see `ReviewRecords.look_at`."""
        c = viewings.c
        mine = (c.upload_id == upload_id) & (c.viewer == viewer)
        row = {"upload_id": upload_id, "viewer": viewer, "name": name, "seen_at": at}

        def work(connection: Connection) -> tuple[str, ...]:
            state_of(connection, upload_id)
            connection.execute(delete(viewings).where(mine | (c.seen_at < since)))
            connection.execute(insert(viewings).values(row))
            others = select(c.name).where(c.upload_id == upload_id, c.viewer != viewer).order_by(c.name)
            return tuple(connection.scalars(others))

        return self._database.write(work)


def newest_review(upload_id: ColumnElement[str]) -> ColumnElement[int]:
    """Row number of the newest review of an upload; it stands, unless it is an `undone`."""
    row = reviews.alias("review_of_upload")
    return select(func.max(row.c.seq)).where(row.c.upload_id == upload_id).scalar_subquery()


def _reviews(connection: Connection, upload_id: str) -> tuple[Review, ...]:
    documents = connection.scalars(
        select(reviews.c.document).where(reviews.c.upload_id == upload_id).order_by(reviews.c.seq)
    )
    return tuple(from_document(Review, document) for document in documents)


def _say_in_queue(connection: Connection, review: Review) -> None:
    stands = standing_review((review,))
    said = (
        {"decision": review.decision, "decided_by": review.author_name}
        if stands
        else {"decision": "", "decided_by": ""}
    )
    connection.execute(update(queue).where(queue.c.upload_id == review.upload_id).values(is_open=not stands, **said))
