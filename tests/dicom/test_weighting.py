# SPDX-License-Identifier: Apache-2.0
"""Whether a series is T1- or T2-weighted, another image, or none."""

import pytest
from small_export import header

from lessgad.dicom.import_rules import read_rules
from lessgad.dicom.weighting import not_acquired, not_mr, weigh

RULES = read_rules()


@pytest.mark.parametrize(
    ("description", "weighting"),
    [
        *(
            (words, "T1")
            for words in ("t1_mpr_tra", "T1W_3D_TFE", "Ax T1 +C", "SAG MPRAGE", "Ax 3D BRAVO", "sT1W_3D_TFE")
        ),
        *((words, "T2") for words in ("t2_tse_tra", "Ax T2 FRFSE", "ciss3d", "AX FIESTA-C", "T2W_DRIVE_CLEAR")),
        *((words, None) for words in ("localizer", "3-plane loc", "ep2d_diff_b1000_ADC", "t2_flair_sag", "Survey_MST")),
        *((words, None) for words in ("t1_sub", "TOF_3D_multi-slab", "t1_map_molli", "T1 MIP", "field_mapping")),
    ],
)
def test_words_of_the_description_decide(description, weighting):
    assert weigh(header(description=description), RULES).weighting == weighting


@pytest.mark.parametrize(
    ("changes", "weighting"),
    [
        ({}, "T1"),
        ({"repetition_time_ms": 4000.0, "echo_time_ms": 95.0}, "T2"),
        ({"repetition_time_ms": 9000.0, "echo_time_ms": 120.0, "scanning_sequence": ("SE", "IR")}, None),
        ({"scanning_sequence": ("GR",), "repetition_time_ms": 25.0, "echo_time_ms": 4.6, "flip_angle_deg": 30.0}, "T1"),
        ({"scanning_sequence": ("GR",), "repetition_time_ms": 600.0, "echo_time_ms": 20.0}, None),
        ({"scanning_sequence": ("GR",), "echo_time_ms": 2.0, "sequence_variant": ("SS",)}, None),
        ({"scanning_sequence": ("GR", "EP"), "echo_time_ms": 5.0}, None),
        ({"scanning_sequence": ()}, None),
        ({"echo_time_ms": None}, None),
    ],
)
def test_timing_decides_where_no_word_does(changes, weighting):
    assert weigh(header(description="ax head", **changes), RULES).weighting == weighting


def test_the_protocol_counts_where_the_description_is_silent():
    assert weigh(header(description="", protocol="t2_tse", scanning_sequence=()), RULES).weighting == "T2"
    assert weigh(header(description="t1", protocol="t2_tse"), RULES).weighting == "T1"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"modality": "CT"}, "modality CT"),
        ({"sop_class_uid": "1.2.840.10008.5.1.4.1.1.7"}, "Secondary Capture"),
        ({"sop_class_uid": ""}, "no SOP class"),
    ],
)
def test_what_is_no_mr_image(changes, words):
    assert words in not_mr(header(**changes))


@pytest.mark.parametrize(
    ("image_type", "words"),
    [
        (("ORIGINAL", "PRIMARY", "LOCALIZER"), "localizer"),
        (("DERIVED", "SECONDARY", "MPR"), "computed"),
        (("DERIVED", "SECONDARY"), "computed"),
        (("ORIGINAL", "PRIMARY", "P", "ND"), "no magnitude"),
        (("DERIVED", "PRIMARY", "PROJECTION IMAGE"), "projection"),
        (("DERIVED", "PRIMARY", "M", "NORM"), ""),
    ],
)
def test_what_was_not_acquired(image_type, words):
    assert words in not_acquired(header(image_type=image_type))
    assert bool(words) == bool(not_acquired(header(image_type=image_type)))
