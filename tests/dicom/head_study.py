# SPDX-License-Identifier: Apache-2.0
"""A DICOM study of a small head that can be restored."""

import numpy as np

from lessgad.dicom.export import read_export
from lessgad.dicom.geometry import regular_grid
from lessgad.dicom.nifti_conversion import convert
from lessgad.phantom.dicom.scan import DicomScan
from lessgad.phantom.dicom.series import write_series
from lessgad.volume import Volume

KINDS = {1: "t1_se_tra", 2: "t1_se_tra_ce_10pc", 3: "t1_se_tra_ce"}


def write_study(folder, tiny, vendor="siemens", patient="07", kinds=KINDS, seed=77):
    """T1, low dose and T1ce of a small head."""
    t1, t1ce, _ = tiny.head(seed)
    for number, description in kinds.items():
        share = {1: 0.0, 2: 0.1}.get(number, 1.0)
        array = np.rint((1 - share) * t1 + share * t1ce).astype(np.int16)
        scan = DicomScan(
            vendor=vendor,
            patient_label=patient,
            patient_sex="F",
            patient_age=58,
            session=1,
            series_number=number,
            description=description,
            field_strength_t=1.5,
            scanning_sequence=("SE",),
            mr_acquisition_type="2D",
            repetition_time_ms=550.0,
            echo_time_ms=10.0,
            flip_angle_deg=90.0,
            contrast_agent="Dotarem" if share else None,
            contrast_volume_ml=14.0 * share if share else None,
        )
        write_series(folder / f"{number:02d}", Volume(array, tiny.AFFINE), scan)
    return folder


def volume_of(folder):
    (series,) = read_export(folder).series
    return convert(regular_grid(series.frames), series.header.transfer_syntax_uid)[0]
