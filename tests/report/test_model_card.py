# SPDX-License-Identifier: Apache-2.0
"""What a model's card says of its limits."""

from lessgad.report.model_card import CARD, write_limits_on_card
from lessgad.restoration.conformal_intervals import IntervalCalibration, write_intervals


def test_limits_stand_at_the_end_of_the_card_once(tmp_path):
    (tmp_path / CARD).write_text("# A model\n", encoding="utf-8")
    write_limits_on_card(tmp_path)
    assert "| intervals | not calibrated |" in (tmp_path / CARD).read_text(encoding="utf-8")
    write_intervals(tmp_path, IntervalCalibration(doses=(0.1, 0.5), factors=(1.0, 1.0), n_patients=3, scanned=(0.1,)))
    write_limits_on_card(tmp_path)
    card = (tmp_path / CARD).read_text(encoding="utf-8")
    assert card.startswith("# A model\n")
    assert card.count("## Found on validation patients") == 1
    assert (
        "90 %, calibrated on measured low doses at 10 % and simulated ones at other doses of at least 3 patients"
        in card
    )
