# SPDX-License-Identifier: Apache-2.0
"""The sheet of one study's preparation, and the images of Figure 2."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float

from lessgad.atomic_write import replacing
from lessgad.cohort.study import study_name
from lessgad.errors import CalibrationError
from lessgad.preparation.bias_field_ratio import BiasFieldRatio
from lessgad.preparation.calibration import IntensityMap
from lessgad.preparation.histogram_peaks import HistogramPeaks, find_peaks
from lessgad.preparation.prepared_study import PreparedFiles, PreparedStudy
from lessgad.report.histogram_plot import Peaks
from lessgad.report.preparation_images import PreparationImages
from lessgad.report.preparation_picture import preparation_picture
from lessgad.report.small_png import to_small_png

if TYPE_CHECKING:
    from lessgad.preparation.pair import PreparedPair

_LINE = 110  # characters of a title line that the sheet is wide enough for


def write_sheet(
    path: Path,
    pair: PreparedPair,
    study: PreparedStudy,
    tumor: Bool[np.ndarray, "x y z"] | None,
    cautions: Sequence[str] = (),
) -> None:
    """Draw the preparation of a study while the results of all steps are in memory.

    Args:
        path: The file to write.
        pair: The prepared pair.
        study: The prepared study.
        tumor: Mask of the tumor; None without one.
        cautions: Cautions of the study.
    """
    images = PreparationImages(
        pre_contrast=pair.pre_contrast,
        standard_before=pair.registered,
        standard_after=pair.calibrated,
        spacing_mm=study.spacing_mm,
        pre_contrast_peaks=_for_picture(pair.peaks),
        before_peaks=(before := _peaks_or_none(pair.registered)),
        after_peaks=_mapped(before, pair.to_pre_contrast),
        tumor=tumor,
    )
    moved = f"moved by {pair.transform.rotation_deg:.1f}° and {np.linalg.norm(pair.transform.translation_mm):.1f} mm"
    scaled = f"T1ce × {pair.to_pre_contrast.scale:.3g} {pair.to_pre_contrast.offset:+.3g}{_from_place_to_place(pair)}"
    lines = [study_name(study.patient, study.session), f"T1ce {moved}; {scaled}"]
    lines += [line for words in cautions for line in textwrap.wrap(f"Caution: {words}", _LINE)]
    with replacing(path) as temporary:
        temporary.write_bytes(to_small_png(preparation_picture(images, lines)))


def _from_place_to_place(pair: PreparedPair) -> str:
    """Variation of the factor through the head."""
    if pair.gain is None:
        return ""
    percents = 100 * (pair.gain.over(pair.head.shape)[pair.head] - 1)
    return f", {percents.min():+.0f} to {percents.max():+.0f} % across the head"


def preparation_images(
    files: PreparedFiles, prepared: PreparedStudy, tumor: Bool[np.ndarray, "x y z"] | None
) -> PreparationImages:
    """Rebuild the images of a preparation from the stored ones, which may be clipped.

    Args:
        files: Files of the prepared study.
        prepared: The prepared study.
        tumor: Mask of the tumor; None without one.

    Returns:
        The images.
    """
    description = json.loads(files.description.read_text(encoding="utf-8"))
    to_pre_contrast = IntensityMap(**description["t1ce_to_t1_intensity"])
    peaks = HistogramPeaks(**description["t1_peaks"])
    pre_contrast = prepared.normalization.undo(np.asarray(prepared.pre_contrast))
    after = prepared.normalization.undo(np.asarray(prepared.standard_dose))
    before = to_pre_contrast.inverse().apply(after)
    if description.get("t1ce_gain") is not None:
        before = before / BiasFieldRatio.from_dict(description["t1ce_gain"]).over(before.shape)
    return PreparationImages(
        pre_contrast=pre_contrast,
        standard_before=before,
        standard_after=after,
        spacing_mm=prepared.spacing_mm,
        pre_contrast_peaks=_for_picture(peaks),
        before_peaks=(peaks_before := _peaks_or_none(before)),
        after_peaks=_mapped(peaks_before, to_pre_contrast),
        tumor=tumor,
    )


def _for_picture(peaks: HistogramPeaks) -> Peaks:
    return Peaks(peaks.background, peaks.second)


def _peaks_or_none(image: Float[np.ndarray, "x y z"]) -> Peaks:
    """Landmarks for the picture; robust calibration does not need a second peak in the T1ce, nor does the picture."""
    try:
        return _for_picture(find_peaks(image))
    except CalibrationError:
        return Peaks(float(np.median(image[image <= np.median(image)])), None)


def _mapped(peaks: Peaks, to_pre_contrast: IntensityMap) -> Peaks:
    background, second = to_pre_contrast.apply(np.array([peaks.background, peaks.second or 0.0]))
    return Peaks(float(background), None if peaks.second is None else float(second))
