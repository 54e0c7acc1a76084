# SPDX-License-Identifier: Apache-2.0
import math

import pytest
from pydantic import ValidationError

from lessgad.settings import Settings


class Example(Settings):
    n: int = 1
    x: float = 0.5


def test_unknown_keys_are_refused():
    with pytest.raises(ValidationError):
        Example.model_validate({"m": 2})


def test_nothing_changes_after_reading():
    with pytest.raises(ValidationError):
        Example().n = 2


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_are_finite(value: float):
    with pytest.raises(ValidationError):
        Example(x=value)
