"""Each role may do all that the lesser ones may."""

from __future__ import annotations

import pytest

from visiqc.domain.access import Role


@pytest.mark.parametrize("role", Role)
def test_a_role_covers_itself_and_every_lesser_one(role: Role) -> None:
    order = [Role.VIEWER, Role.FACTORY, Role.INSPECTOR, Role.LEAD]
    assert [role.covers(other) for other in order] == [order.index(other) <= order.index(role) for other in order]
