# SPDX-License-Identifier: Apache-2.0
"""Register, calibrate and normalize images one by one."""

from __future__ import annotations

import numpy as np

from lessgad.dose.noise_level import NoiseLevel
from lessgad.dose.noise_level import estimate_noise as _estimate_noise
from lessgad.image_like import ImageLike, as_volume
from lessgad.preparation.calibration import CalibrationMethod
from lessgad.preparation.head import head_mask
from lessgad.preparation.histogram_peaks import find_peaks
from lessgad.preparation.intensity_scale import find_intensity_scale
from lessgad.preparation.normalization import LEVEL, normalization_from_peaks
from lessgad.preparation.settings import PreparationSettings
from lessgad.volume import Volume, check_same_grid, in_order_of, in_transverse_order


def register(fixed: ImageLike, moving: ImageLike, *, n_threads: int = 1) -> Volume:
    """Register one scan of a head to another by rotation and translation, and resample it there.

    elastix maximizes the mutual information of the two scans; the moving scan is interpolated with cubic splines.

    Args:
        fixed: The scan that stays, for example the T1.
        moving: The scan to move, for example the T1ce.
        n_threads: Threads of elastix.

    Returns:
        The moving scan on the grid of the fixed one, in its own intensity unit.

    Raises:
        RegistrationError: The scans could not be aligned.
        VolumeError: An image cannot be used.
    """
    from lessgad.preparation.registration import registered

    to, scan = as_volume(fixed), as_volume(moving)
    ordered = in_transverse_order(to)
    return in_order_of(registered(ordered, scan, "cubic", n_threads=n_threads).moved, to)


def calibrate(pre_contrast: ImageLike, post_contrast: ImageLike, *, method: CalibrationMethod = "smooth") -> Volume:
    """Bring a scan after contrast to the intensity scale of the T1.

    Args:
        pre_contrast: T1.
        post_contrast: T1ce or low dose, on the grid of the T1.
        method: ``smooth`` (a factor that varies smoothly, for different bias fields), ``robust`` (one factor),
            ``peaks`` (the paper: scale and offset from histogram peaks), or ``none``.

    Returns:
        The scan after contrast in the intensity unit of the T1, float32.

    Raises:
        CalibrationError: The histograms do not tell how the intensities relate.
        VolumeError: The two images are on different grids, or one cannot be used.
    """
    t1, post = as_volume(pre_contrast), as_volume(post_contrast)
    check_same_grid(post, t1, "The two images are not on one grid (lessgad.register aligns them)")
    before, after = in_transverse_order(t1), in_transverse_order(post)
    settings = PreparationSettings(calibration=method)
    images = (np.asarray(image.array, np.float32) for image in (before, after))
    first, second = images
    scale = find_intensity_scale(first, second, before.spacing_mm, settings)
    return in_order_of(after.with_array(scale.calibrated(second).astype(np.float32)), t1)


def normalize(image: ImageLike, pre_contrast: ImageLike | None = None, *, full_scale: float = LEVEL) -> Volume:
    """Normalize an image to [−1, 1]: true zero becomes −1, `full_scale` times the tissue peak of the T1 becomes +1.

    Normalize all images of a study with the same T1; then they share one scale, as `similarity` needs.

    Args:
        image: The image, in the intensity unit of the T1 (`calibrate`).
        pre_contrast: T1 whose histogram gives the scale; None takes the histogram of the image itself.
        full_scale: Where +1 lies, in multiples of the second histogram peak, above 1.

    Returns:
        The image on [−1, 1], clipped, float32.

    Raises:
        CalibrationError: The histogram has no tissue peak.
        VolumeError: An image cannot be used.
    """
    volume = as_volume(image)
    landmark = volume if pre_contrast is None else as_volume(pre_contrast)
    peaks = find_peaks(np.asarray(in_transverse_order(landmark).array, np.float32))
    return volume.with_array(normalization_from_peaks(peaks, full_scale).apply(np.asarray(volume.array)))


def estimate_noise(image: ImageLike) -> NoiseLevel:
    """Estimate the noise of a scan as the scanner stored it, before any resampling.

    Args:
        image: The scan, true zero at 0.

    Returns:
        σ of the real and of the imaginary part, in the unit of the image, and whether air or tissue gave it.

    Raises:
        StudyError: The scan has neither enough air nor enough homogeneous tissue.
        VolumeError: The image cannot be used.
    """
    scan = in_transverse_order(as_volume(image))
    array = np.asarray(scan.array, np.float32)
    return _estimate_noise(array, head_mask(array, scan.spacing_mm))
