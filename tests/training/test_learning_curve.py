# SPDX-License-Identifier: Apache-2.0
import math

from lessgad.training.learning_curve import CurvePoint, read_learning_curve, write_learning_curve


def test_what_is_written_comes_back_to_the_last_digit(tmp_path):
    points = [CurvePoint(4, 1 / 3, 25.123456789012345, -0.1), CurvePoint(8, 1e-9, math.nan, math.nan)]
    write_learning_curve(tmp_path / "curve.csv", points)
    first, second = read_learning_curve(tmp_path / "curve.csv")
    assert first == points[0]
    assert second.n_samples == 8
    assert math.isnan(second.validation_gain_db)
    assert (tmp_path / "curve.csv").read_text().splitlines()[0] == (
        "n_samples,training_loss,validation_psnr_db,validation_gain_db"
    )


def test_no_points_no_rows(tmp_path):
    write_learning_curve(tmp_path / "curve.csv", [])
    assert read_learning_curve(tmp_path / "curve.csv") == []
