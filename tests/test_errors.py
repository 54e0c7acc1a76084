# SPDX-License-Identifier: Apache-2.0
import pickle
from pathlib import Path

import pytest

from lessgad import errors
from lessgad.errors import DoseError, InputError, LessgadError, LockedError, StudyError, VolumeError

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, LessgadError)]


def test_line_says_where_what_and_what_to_do():
    error = VolumeError("The image has 4 dimensions", path=Path("a/b.nii"), remedy="Give one 3D volume")
    assert str(error) == "a/b.nii: The image has 4 dimensions. Give one 3D volume."


@pytest.mark.parametrize("remedy", ["Did you mean 0.3?", "Stop!", "Do this.", "Do this"])
def test_remedy_ends_once(remedy: str):
    assert str(DoseError("X is y", remedy=remedy)) == "X is y. " + (remedy.rstrip(".") + ".").replace(
        "?.", "?"
    ).replace("!.", "!")


def test_one_line_whatever_a_library_said():
    assert "\n" not in str(VolumeError("junk:\n  line 2\r\n\tline 3", path="x\ny", remedy="Do\nthis"))


@pytest.mark.parametrize("kind", KINDS)
def test_survives_the_way_out_of_a_worker(kind: type[LessgadError]):
    error = kind("X is y", path=Path("z"), remedy="w")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert str(again) == str(error)
    assert (again.problem, again.path, again.remedy) == ("X is y", Path("z"), "w")


def test_three_families():
    for kind in KINDS:
        if kind is not LessgadError:
            assert sum(issubclass(kind, family) for family in (InputError, StudyError, LockedError)) == 1
