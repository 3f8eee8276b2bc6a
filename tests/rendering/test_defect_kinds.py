"""Kinds of defects by name, and parts of another order: clasps, chains, engravings."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from small_pieces import a_design, a_link, a_stone, a_subject, an_engraving, resighted
from visiqc.domain.defect_catalogue import CATALOGUE
from visiqc.errors import BadRecipe
from visiqc.rendering.decals import Decal
from visiqc.rendering.defects.catalogue import KINDS, make_defect, possible
from visiqc.rendering.defects.damage import Subject
from visiqc.rendering.defects.exchanged import differing, misspelt
from visiqc.rendering.masks import defect_mask
from visiqc.rendering.piece import View, piece_of

severities = st.floats(0, 1)


@pytest.fixture(scope="module")
def subject() -> Subject:
    return a_subject(design=a_design(text="AAB", clasp="lobster"))


@pytest.mark.parametrize("kind", ["wrong_clasp", "wrong_engraving"])
def test_an_exchanged_part_is_made_of_the_same_design_otherwise(kind: str, subject: Subject) -> None:
    damage = make_defect(kind, subject, 0.6, np.random.default_rng(0))
    assert damage is not None
    assert {name.partition("#")[0] for name in damage.touched} == {"clasp" if kind == "wrong_clasp" else "plate"}
    assert damage.piece.parts["centre.stone"] is subject.piece.parts["centre.stone"]
    assert defect_mask(damage, subject.sight, resighted(subject, damage.piece)).any()


def test_a_letter_that_is_right_is_no_part_of_the_wrong_engraving() -> None:
    good, wrong = an_engraving("ABC"), an_engraving("AHC")
    letters = differing(good, wrong)
    assert letters[210, 350]  # the second bar, all of it: the stroke both have and the part only one has
    assert letters[210:420, 350].all()
    assert not letters[:, :290].any()
    assert not letters[:, 510:].any()


def test_a_wrong_engraving_on_another_chart_is_compared_in_place() -> None:
    good, wrong = an_engraving("A"), an_engraving("A")
    shrunk = Decal(**{field: getattr(wrong, field) for field in wrong.__slots__} | {"size_mm": 1.5})
    assert differing(good, shrunk).any()
    assert not differing(good, wrong).any()


@given(text=st.text("ABCXYZabcxyz0189 &.", min_size=1, max_size=12), severity=severities, seed=st.integers(0, 99))
def test_a_misspelt_text_is_another_of_the_same_length(text: str, severity: float, seed: int) -> None:
    wrong = misspelt(text, severity, np.random.default_rng(seed))
    assert len(wrong) == len(text)
    assert (wrong != text) == any(letter.isalnum() for letter in text)


@pytest.mark.parametrize("kind", ["missing_stone", "bent_prong", "open_link", "wrong_clasp", "wrong_engraving"])
def test_a_piece_without_the_part_cannot_have_its_defect(kind: str) -> None:
    part = a_link() if kind == "missing_stone" else a_stone()
    subject = a_subject(piece_of([part], view=View()))
    assert make_defect(kind, subject, 0.5, np.random.default_rng(0)) is None


def test_an_unknown_kind_is_refused_with_the_known_ones_named(subject: Subject) -> None:
    with pytest.raises(BadRecipe, match=r"no defect 'rust'; known: missing_stone"):
        make_defect("rust", subject, 0.5, np.random.default_rng(0))


@pytest.mark.parametrize("severity", [-0.1, 1.5, float("nan")])
def test_a_severity_outside_of_its_range_is_refused(subject: Subject, severity: float) -> None:
    with pytest.raises(BadRecipe, match="between 0 and 1"):
        make_defect("missing_stone", subject, severity, np.random.default_rng(0))


def test_every_kind_has_a_code_of_the_catalogue_that_a_photo_can_show() -> None:
    assert all(CATALOGUE[kind.code].seen_in_photo for kind in KINDS.values())
    assert all(name == kind.name for name, kind in KINDS.items())
    assert len(KINDS) == 27


def test_possible_defects_follow_from_what_the_design_has() -> None:
    plain, engraved = possible(a_design()), possible(a_design(text="A", clasp="toggle"))
    assert {"missing_stone", "bent_prong", "open_link", "scratch"} <= set(plain)
    assert set(engraved) - set(plain) == {"wrong_engraving", "wrong_clasp"}
