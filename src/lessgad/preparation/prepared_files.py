# SPDX-License-Identifier: Apache-2.0
"""The files of one prepared study."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lessgad.dose_fraction import dose_label


@dataclass(frozen=True)
class PreparedFiles:
    """Where a prepared study lies: ``prepared/sub-P[/ses-S]/sub-P[_ses-S]_…``."""

    folder: Path
    stem: str

    @property
    def pre_contrast(self) -> Path:
        """T1, normalized, on its own grid; uncompressed, so that slices are read without the volume."""
        return self.folder / f"{self.stem}_desc-prepared_T1w.nii"

    @property
    def standard_dose(self) -> Path:
        """T1ce, registered, calibrated, normalized, on the grid of the T1."""
        return self.folder / f"{self.stem}_ce-gadolinium_desc-prepared_T1w.nii"

    @property
    def clean_pre_contrast(self) -> Path:
        """T1, normalized and denoised; absent where no noise is simulated."""
        return self.folder / f"{self.stem}_desc-denoised_T1w.nii"

    @property
    def clean_standard_dose(self) -> Path:
        """T1ce, prepared and denoised; absent where no noise is simulated."""
        return self.folder / f"{self.stem}_ce-gadolinium_desc-denoised_T1w.nii"

    @property
    def t2(self) -> Path:
        """T2, registered, normalized by its own level, on the grid of the T1; absent where no field asks for it."""
        return self.folder / f"{self.stem}_desc-prepared_T2w.nii"

    def low_dose(self, dose: float) -> Path:
        """Give the file of a measured low dose, prepared as the T1ce; absent where low doses are simulated."""
        return self.folder / f"{self.stem}_acq-{dose_label(dose)}_ce-gadolinium_desc-prepared_T1w.nii"

    @property
    def repeat(self) -> Path:
        """A second scan at the standard dose, prepared as the T1ce; absent where the study has none."""
        return self.folder / f"{self.stem}_acq-repeat_ce-gadolinium_desc-prepared_T1w.nii"

    @property
    def labels(self) -> Path:
        """The labels, on the grid of the T1; absent where the study has none."""
        return self.folder / f"{self.stem}_dseg.nii.gz"

    @property
    def head(self) -> Path:
        """The foreground, on the grid of the T1."""
        return self.folder / f"{self.stem}_desc-head_mask.nii.gz"

    @property
    def covered(self) -> Path:
        """Mask of the voxels that both scans cover, on the grid of the T1; absent if they cover the whole grid."""
        return self.folder / f"{self.stem}_desc-covered_mask.nii.gz"

    @property
    def description(self) -> Path:
        """Record of the preparation: transform, maps, landmarks, checks."""
        return self.folder / f"{self.stem}_desc-preparation.json"

    @property
    def picture(self) -> Path:
        """The picture for a person to check."""
        return self.folder / f"{self.stem}_desc-check.png"
