# SPDX-License-Identifier: Apache-2.0
"""Restore a low-dose scan, and read what speaks against believing the result.

python examples/restore_and_read_cautions.py low_dose.nii.gz T1.nii.gz restored.nii.gz 0.1
"""

import sys

import lessgad


def main(low_dose: str, t1: str, out: str, dose: float) -> None:
    """Write the restored image, and print its cautions and the width of its 90 % intervals."""
    restorer = lessgad.Restorer.load()  # the pretrained model
    sequence = lessgad.acquisition_beside(low_dose)  # None without a sidecar
    result = restorer.restore_in_full(low_dose, dose, t1, acquisition=sequence)
    lessgad.write_volume(out, result.image)
    for caution in result.cautions:
        print(f"caution: {caution}")
    if result.half_width is not None:
        widest = float(result.half_width.array.max())
        print(f"the 90 % interval of a voxel is at most ± {widest:.3g}, in the unit of the scan")


if __name__ == "__main__":
    main(*sys.argv[1:4], float(sys.argv[4]))
