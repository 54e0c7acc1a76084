# SPDX-License-Identifier: Apache-2.0
import json
import math

import pytest

from lessgad.experiment.calibration_loss import RECORDED, lost_in_words, lost_to_calibration


@pytest.mark.parametrize(
    ("recorded", "words"), [(0.034, "takes away an estimated 3.4 %"), (-0.012, "adds an estimated 1.2 %")]
)
def test_the_recorded_share_is_read_and_said(tmp_path, recorded, words):
    path = tmp_path / "description.json"
    path.write_text(json.dumps({RECORDED: recorded}))
    assert lost_to_calibration(path) == recorded
    assert words in lost_in_words(recorded)


@pytest.mark.parametrize("content", [json.dumps({RECORDED: None}), "{}", "[]", "{", None])
def test_nothing_is_said_where_nothing_is_known(tmp_path, content):
    path = tmp_path / "description.json"
    if content is not None:
        path.write_text(content)
    assert math.isnan(lost_to_calibration(path))
    assert lost_in_words(math.nan) == ""
