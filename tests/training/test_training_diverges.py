# SPDX-License-Identifier: Apache-2.0
"""A training whose loss does not stay finite."""

import numpy as np
import pytest
from safetensors.torch import load_file
from tiny_training import results, silently, task

from lessgad.errors import SettingsError
from lessgad.field.checkpoint import BEST, LAST
from lessgad.training.trainer import train


def test_a_training_that_diverges_stops_with_one_line_and_good_weights(tmp_path):
    with pytest.raises(SettingsError, match=r"training diverged.*after \d+ samples.*learning_rate.*fp32") as caught:
        train(task(tmp_path, learning_rate=1e25, validate_every=2), silently)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / LAST).exists()
    if (tmp_path / BEST).exists():
        assert all(value.isfinite().all() for value in load_file(tmp_path / BEST).values())


def test_a_training_that_diverges_late_keeps_its_best_weights_and_its_state(tmp_path):
    poisoned = task(tmp_path)

    def poison(progress):
        if progress.n_samples_done == 12:
            for study in poisoned.studies:
                study.standard_dose[:] = np.nan

    with pytest.raises(SettingsError, match=r"after 1[24] samples"):  # the next patches may be drawn already
        train(poisoned, poison)
    assert all(value.isfinite().all() for value in load_file(tmp_path / BEST).values())
    told = []
    train(task(tmp_path), told.append)
    assert told[0].n_samples_done == 10
    train(task(tmp_path.with_name("whole")), silently)
    assert results(tmp_path) == results(tmp_path.with_name("whole"))
