# SPDX-License-Identifier: Apache-2.0
"""What a model's card says of its limits."""

from lessgad.report.model_card import CARD, write_limits_on_card
from lessgad.restoration.anchor import Anchor, DoseAnchor, write_anchor
from lessgad.restoration.intervals import IntervalCalibration, write_intervals

INTERVALS = IntervalCalibration(doses=(0.1, 0.5), factors=(1.0, 1.0), n_patients=3)


def card_of(folder, *doses):
    (folder / CARD).write_text("# A model\n", encoding="utf-8")
    write_intervals(folder, INTERVALS)
    write_anchor(folder, Anchor(doses=doses, intervals=INTERVALS))
    write_limits_on_card(folder)
    return (folder / CARD).read_text(encoding="utf-8")


def test_widest_and_narrowest_average_are_named_at_each_dose_that_is_moved(tmp_path):
    card = card_of(
        tmp_path,
        DoseAnchor(dose=0.0, fwhm_mm=2.0, coarsest_mm=16.0, weight=0.0),
        DoseAnchor(dose=0.1, fwhm_mm=3.0, coarsest_mm=12.0, weight=1.0),
        DoseAnchor(dose=0.5, fwhm_mm=1.5, coarsest_mm=1.5, weight=0.8),
    )
    assert "| moved to the measurement | 100 % over 12 to 3 mm at 10 %; 80 % over 1.5 mm at 50 % |" in card
    assert "of 90 %, on simulated low doses, of 3 patients or more" in card


def test_a_model_whose_images_are_moved_at_no_dose_says_so(tmp_path):
    card = card_of(tmp_path, DoseAnchor(dose=0.1, fwhm_mm=3.0, weight=0.0))
    assert "at no dose, which helped nobody" in card
