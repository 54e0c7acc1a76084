# SPDX-License-Identifier: Apache-2.0
"""A new scan, made ready for the field without any standard-dose image."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from lessgad.dose.noise_level import NoiseLevel, estimate_noise
from lessgad.errors import StudyError
from lessgad.preparation.alignment import LOWEST_INFORMATION, LOWEST_INFORMATION_OF_T2
from lessgad.preparation.calibration import IntensityMap
from lessgad.preparation.head import head_mask
from lessgad.preparation.histogram_peaks import find_peaks
from lessgad.preparation.intensity_scale import find_intensity_scale
from lessgad.preparation.noise_correlation import WHITE, NoiseCorrelation
from lessgad.preparation.normalization import Normalization, normalization_from_peaks
from lessgad.preparation.pair import CUT_AWAY
from lessgad.preparation.scan_checks import scan_cautions
from lessgad.preparation.settings import PreparationSettings
from lessgad.preparation.t2_level import t2_normalization
from lessgad.restoration.other_spacing import resample_in_plane
from lessgad.volume import Volume, in_transverse_order


@dataclass(frozen=True, eq=False)
class NewScan:
    """A low-dose scan and its T1, if there is one, on one scale; its T2 on a separate scale.

    Attributes:
        scan: The low dose as it came, in transverse order.
        images: `low_dose` and, where they were given, `pre_contrast` and `t2`, on [−1, 1], on the grid of the scan.
        head: Foreground that the T1 covers, where there is one.
        normalization: Takes [−1, 1] back to the intensities that the low dose was calibrated to.
        to_scan: Takes these to the intensities of the scan, except for `gain`.
        gain: Smooth factor that the scan was multiplied by first; None if one factor was used.
        covered: Voxels that the T1 covers; None if it covers all of them, or if there is no T1. In the others nothing
            can be restored.
        low_dose_noise: Noise of the low dose as scanned; None where it could not be measured.
        pre_contrast_noise: Noise of the T1 as scanned; None where it could not be measured, or without a T1.
        doubts: Doubts about the scans as they were read, in words.
    """

    scan: Volume
    images: dict[str, Float[np.ndarray, "x y z"]]
    head: Bool[np.ndarray, "x y z"]
    normalization: Normalization
    to_scan: IntensityMap
    gain: Float[np.ndarray, "x y z"] | None = None
    covered: Bool[np.ndarray, "x y z"] | None = None
    low_dose_noise: NoiseLevel | None = None
    pre_contrast_noise: NoiseLevel | None = None
    doubts: tuple[str, ...] = ()

    @property
    def unit(self) -> Float[np.ndarray, "x y z"]:
        """Length of 1 on the scale of [−1, 1] in the unit of the scan, float32; 0 where nothing can be restored."""
        return self._cut(self._unit_everywhere, self.covered)

    def unit_at(self, spacing_mm: tuple[float, float]) -> Float[np.ndarray, "x y z"]:
        """Give the intensity unit at another in-plane spacing, 0 where the T1 covers less than half of the pixel.

        The factor and what is covered are resampled apart: cubic interpolation of their product rings along the edge of
        the T1's field of view.

        Args:
            spacing_mm: In-plane spacing, in mm.

        Returns:
            The unit of each voxel, 0 or above.
        """
        everywhere = self._unit_everywhere
        there = resample_in_plane(self.scan.with_array(everywhere), spacing_mm).array
        there = np.clip(there, everywhere.min(), everywhere.max())
        if self.covered is None:
            return self._cut(there, None)
        covered = resample_in_plane(self.scan.with_array(self.covered.astype(np.float32)), spacing_mm, order=1)
        return self._cut(there, covered.array >= 0.5)

    @property
    def _unit_everywhere(self) -> Float[np.ndarray, "x y z"]:
        one = np.float32(self.to_scan.scale / self.normalization.length_of(1.0))
        return np.full(self.head.shape, one) if self.gain is None else one / self.gain

    @staticmethod
    def _cut(unit: Float[np.ndarray, "x y z"], covered: Bool[np.ndarray, "x y z"] | None) -> Float[np.ndarray, "x y z"]:
        return unit if covered is None else np.where(covered, unit, np.float32(0))

    @property
    def uncovered_words(self) -> tuple[str, ...]:
        """Describe how much of the scan the T1 does not cover; empty below 0.1 %."""
        if self.covered is None or self.covered.mean() > 0.999:
            return ()
        percent = 100 * (1 - float(self.covered.mean()))
        return (f"the T1 does not cover {percent:.1f} % of the scan, which is returned unchanged there",)

    def noise(self) -> tuple[float, float]:
        """Give the noise of the low dose and of the T1 as scanned.

        Returns:
            σ of both on the scale of [−1, 1]; 0 where it could not be measured.
        """
        unit = self.normalization.length_of(1.0)
        low_dose = self.low_dose_noise.sigma * unit / self.to_scan.scale if self.low_dose_noise else 0.0
        return low_dose, self.pre_contrast_noise.sigma * unit if self.pre_contrast_noise else 0.0

    def noise_correlation(self) -> NoiseCorrelation:
        """Correlation of the noise of the low dose in plane; white where it cannot be found."""
        return self.low_dose_noise.correlation if self.low_dose_noise else WHITE


def new_scan(
    low_dose: Volume, pre_contrast: Volume | None, settings: PreparationSettings, t2: Volume | None = None
) -> NewScan:
    """Normalize a scan by landmarks of its own histogram, or of the T1 if it is given.

    The T1 is moved onto the grid of the low dose by rigid registration, and the low dose calibrated to it, as in
    training. A T2 is moved onto the T1 there, or onto the low dose where there is no T1.

    Args:
        low_dose: The low-dose scan.
        pre_contrast: T1 of the same examination; None without one.
        settings: Settings of the preparation.
        t2: T2 of the same examination; None without one.

    Returns:
        The normalized scan.

    Raises:
        CalibrationError: The histogram has no landmark to normalize by.
        StudyError: There is no head in an image.
        RegistrationError: The T1 or the T2 could not be brought into alignment.
    """
    scan = in_transverse_order(low_dose)
    low = scan.array.astype(np.float32)
    named = {"low dose": low_dose, "T1": pre_contrast, "T2": t2}
    doubts = tuple(words for name, image in named.items() if image is not None for words in scan_cautions(image, name))
    if pre_contrast is None:
        normalization = normalization_from_peaks(find_peaks(low), settings.full_scale)
        head = head_mask(low, scan.spacing_mm)
        images = {"low_dose": normalization.apply(low), **_t2_on(scan, t2)}
        as_it_is = IntensityMap(1.0, 0.0)
        return NewScan(scan, images, head, normalization, as_it_is, low_dose_noise=_noise(scan), doubts=doubts)
    t1_scan = in_transverse_order(pre_contrast)
    with ThreadPoolExecutor(1) as beside:  # elastix leaves the interpreter free
        levels = [beside.submit(_noise, as_scanned) for as_scanned in (scan, t1_scan)]
        t1, seen = _moved_onto(scan, t1_scan)
    scale = find_intensity_scale(t1, low, scan.spacing_mm, settings)
    normalized = {"pre_contrast": scale.normalization.apply(t1), "low_dose": scale.normalized(low)}
    images = {name: np.where(seen, image, CUT_AWAY) for name, image in normalized.items()}  # as in prepare_pair
    return NewScan(
        scan,
        images={**images, **_t2_on(scan.with_array(t1), t2)},
        head=scale.head & seen,
        normalization=scale.normalization,
        to_scan=scale.to_pre_contrast.inverse(),
        gain=None if scale.gain is None else scale.gain.over(low.shape),
        covered=None if seen.all() else seen,
        low_dose_noise=levels[0].result(),
        pre_contrast_noise=levels[1].result(),
        doubts=doubts,
    )


def _t2_on(scan: Volume, t2: Volume | None) -> dict[str, np.ndarray]:
    if t2 is None:
        return {}
    as_scanned = in_transverse_order(t2)
    return {"t2": t2_normalization(as_scanned).apply(_moved_onto(scan, as_scanned, LOWEST_INFORMATION_OF_T2)[0])}


def _moved_onto(
    scan: Volume, other: Volume, lowest_information: float = LOWEST_INFORMATION
) -> tuple[Float[np.ndarray, "x y z"], Bool[np.ndarray, "x y z"]]:
    """Resample the other scan to the grid of this one; also give the voxels that it covers."""
    import torch

    from lessgad.preparation.registration import registered

    n_threads = torch.get_num_threads()  # as many as the network will have
    # It has checked that the two are aligned.
    found = registered(scan, other, "cubic", n_threads=n_threads, lowest_information=lowest_information)
    return found.moved.array.astype(np.float32), found.covered


def _noise(scan: Volume) -> NoiseLevel | None:
    image = scan.array.astype(np.float32)
    try:
        return estimate_noise(image, head_mask(image, scan.spacing_mm))
    except StudyError:
        return None
