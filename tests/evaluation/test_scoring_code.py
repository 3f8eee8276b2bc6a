"""What counts as other code, and what does not."""

from __future__ import annotations

from visiqc.evaluation.scoring_code import meaning_of, scoring_code_digest

CODE = '"""Doc."""\n\n\ndef half(x):\n    """Half of it."""\n    return x / 2  # so\n'


def test_comments_docstrings_and_layout_are_no_other_code() -> None:
    assert meaning_of(CODE) == meaning_of("def half(x): return (x /\n 2)")


def test_another_number_is() -> None:
    assert meaning_of(CODE) != meaning_of(CODE.replace("/ 2", "/ 3"))


def test_a_function_of_a_docstring_alone_can_be_read_too() -> None:
    assert meaning_of('def nothing():\n    """Nothing."""\n')


def test_the_digest_stays_as_it_is_within_a_process() -> None:
    assert scoring_code_digest() == scoring_code_digest()
    assert len(scoring_code_digest()) == 64
