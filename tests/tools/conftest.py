from __future__ import annotations

import pytest

from tests.tools.fake import FakeSession


@pytest.fixture
def session() -> FakeSession:
    return FakeSession()
