# SPDX-License-Identifier: Apache-2.0
"""Classes of sequences, and pairs that differ in more than contrast."""

from dataclasses import replace

import pytest

from lessgad.cohort.acquisition import Acquisition
from lessgad.cohort.sequence_class import difference, is_fat_saturated, sequence_class

UNKNOWN = Acquisition()
SE = Acquisition(scanning_sequence=("SE",), repetition_time_ms=550.0)
GR = Acquisition(scanning_sequence=("GR",), repetition_time_ms=25.0, sequence_variant=("SS", "SP", "SK"))
MPRAGE = Acquisition(scanning_sequence=("GR", "IR"), repetition_time_ms=1900.0, inversion_time_ms=1100.0)


@pytest.mark.parametrize(
    ("acquisition", "expected"),
    [
        (SE, "spin echo"),
        (replace(SE, echo_train_length=20, is_3d=True), "spin echo"),
        (replace(SE, scanning_sequence=("SE", "IR")), "inversion-recovery spin echo"),
        (GR, "gradient echo"),
        (MPRAGE, "inversion-prepared gradient echo"),
        (replace(GR, repetition_time_ms=2200.0), "inversion-prepared gradient echo"),  # Siemens without the code IR
        (replace(GR, repetition_time_ms=400.0, is_3d=False), "gradient echo"),  # 2D FLASH
        (replace(GR, inversion_time_ms=450.0), "inversion-prepared gradient echo"),  # GE BRAVO
        (replace(GR, sequence_variant=("SK", "SP", "MP")), "inversion-prepared gradient echo"),
        (replace(GR, sequence_variant=("SS", "SK")), None),  # balanced
        (replace(GR, scanning_sequence=("SE", "GR")), None),
        (replace(SE, scanning_sequence=("EP", "SE")), None),
        (replace(SE, scanning_sequence=("RM",)), None),
        (UNKNOWN, None),
    ],
)
def test_classes(acquisition, expected):
    assert sequence_class(acquisition) == expected


def test_only_what_both_sidecars_say_is_compared():
    assert difference(SE, SE) is None
    assert difference(SE, UNKNOWN) is None
    assert difference(UNKNOWN, MPRAGE) is None
    assert difference(replace(SE, repetition_time_ms=600.0), SE) is None


def test_other_differences():
    transfer = replace(GR, sequence_variant=("SS", "SP", "MTC"))
    assert difference(transfer, GR) == "magnetization transfer in the T1 alone"
    assert difference(transfer, transfer) is None
    low, high = replace(SE, field_strength_t=1.5), replace(SE, field_strength_t=3.0)
    assert difference(low, high) == "a T1 at 1.5 T and a T1ce at 3 T"
    assert difference(low, replace(SE, field_strength_t=1.494)) is None


def test_what_differs_is_named():
    assert difference(SE, GR) == "a T1 that is a spin echo and a T1ce that is a gradient echo"
    prepared = "a T1ce that is an inversion-prepared gradient echo"
    assert difference(GR, MPRAGE) == f"a T1 that is a gradient echo and {prepared}"
    plain, saturated = replace(SE, scan_options=("PFP",)), replace(SE, scan_options=("PFP", "FS"))
    assert difference(plain, saturated) == "fat saturation in the T1ce alone"
    assert difference(saturated, plain) == "fat saturation in the T1 alone"
    assert difference(saturated, saturated) is None


def test_no_options_are_an_empty_tag_that_converters_leave_out():
    assert is_fat_saturated(SE) is False
    assert is_fat_saturated(UNKNOWN) is None
    assert difference(SE, replace(SE, scan_options=("FS",))) == "fat saturation in the T1ce alone"
    assert difference(UNKNOWN, replace(SE, scan_options=("FS",))) is None


def test_readout_directions_of_ge_are_no_fat_saturation():
    assert is_fat_saturated(replace(SE, scan_options=("SAT_GEMS",))) is False
    assert is_fat_saturated(replace(SE, scan_options=("SPIR",))) is True
