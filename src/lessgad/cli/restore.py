# SPDX-License-Identifier: Apache-2.0
"""`lessgad restore`: restore one new scan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lessgad.pretrained import NAME as PRETRAINED

if TYPE_CHECKING:
    from lessgad.preparation.settings import NoiseFloor
    from lessgad.volume import Volume


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "restore",
        epilog="Example: lessgad restore low.nii.gz restored.nii.gz --dose 0.1 --pre-contrast t1.nii.gz; "
        "lessgad restore dicom_study new_folder --model glioma/models/all-doses",
    )(restore)


def restore(
    low_dose: Annotated[
        Path,
        typer.Argument(
            metavar="LOW",
            help="The low-dose scan, a NIfTI file; LOW.json beside it gives the sequence. Or a folder with one DICOM "
            "study: lessgad finds its low dose and T1, and OUT becomes a folder of derived series.",
        ),
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The restored image to write, .nii or .nii.gz.")],
    dose: Annotated[
        float | None,
        typer.Option(
            help="The dose of LOW as a fraction of the standard dose, e.g. 0.1; needed unless a DICOM header gives it. "
            "At 0 the input is returned, unless prediction beats it on validation patients."
        ),
    ] = None,
    model: Annotated[
        Path,
        typer.Option(
            metavar="MODEL", help="A folder under EXPERIMENT/models, or pretrained: the model that ships with lessgad."
        ),
    ] = Path(PRETRAINED),
    pre_contrast: Annotated[
        Path | None,
        typer.Option(
            metavar="T1", help="T1 of the same examination; the pretrained model and most other models need it."
        ),
    ] = None,
    t2: Annotated[
        Path | None,
        typer.Option("--t2", metavar="T2", help="T2 of the same examination, for models trained with one."),
    ] = None,
    spacing_mm: Annotated[
        float | None,
        typer.Option(
            "--spacing", metavar="MM", help="In-plane spacing of the result. Default: the spacing of the scan."
        ),
    ] = None,
    interval: Annotated[
        Path | None,
        typer.Option(metavar="HALF", help="A NIfTI file to write: the half-width of the 90 % interval of each voxel."),
    ] = None,
    consistency: Annotated[
        Path | None,
        typer.Option(
            metavar="MAP",
            help="A NIfTI file to write: where the restored image disagrees with LOW (above 0: too bright; below 0: "
            "too dark). Needs the T1 and the JSON sidecar of LOW.",
        ),
    ] = None,
    simulated: Annotated[
        bool,
        typer.Option(
            "--simulated",
            help="LOW was not scanned but simulated as in the training of the model.",
        ),
    ] = False,
    series: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ROLE=NUMBER",
            help="For a DICOM study: the SeriesNumber of low_dose, pre_contrast or t2; repeat for more.",
        ),
    ] = None,
    burn_in: Annotated[
        bool, typer.Option(help="For a DICOM study: write NOT FOR DIAGNOSIS into the pixels of every slice.")
    ] = True,
    noise_floor: Annotated[
        bool,
        typer.Option("--noise-floor", help="Use scans whose air is not near zero, as in sums over many coils."),
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace OUT if it exists.")] = False,
) -> None:
    """Restore the standard-dose image of one low-dose scan, on its own grid and in its own intensity units."""
    from lessgad.cohort.acquisition import acquisition_beside
    from lessgad.dose_fraction import check_dose
    from lessgad.errors import InputError, ModelError
    from lessgad.restoration.conformal_intervals import OF_SCANNED_LOW_DOSES
    from lessgad.restoration.restorer import Restorer
    from lessgad.volume import write_volume

    if dose is not None:
        check_dose(dose)
    if low_dose.is_dir():
        from lessgad.cli.restore_dicom import check_options, restore_dicom

        check_options(pre_contrast=pre_contrast, t2=t2, spacing=spacing_mm, interval=interval, consistency=consistency)
        restore_dicom(low_dose, out, model, dose, series or [], burn_in=burn_in, noise_floor=noise_floor)
        return
    if dose is None:
        raise InputError(f"The dose of {low_dose.name} is not given", remedy="Give it with --dose")
    if spacing_mm is not None and not 0.05 <= spacing_mm <= 20:
        raise InputError(f"The spacing is {spacing_mm:g} mm; it must lie between 0.05 and 20 mm")
    results, inputs = (
        [path for path in paths if path is not None]
        for paths in ((out, interval, consistency), (low_dose, pre_contrast, t2))
    )
    _check_results(results, inputs, force=force)
    restorer = Restorer.load(model)
    if interval is not None and restorer.intervals is None:
        raise ModelError("The model has no calibrated intervals", path=model, remedy="Leave --interval out")
    keeps = "keep" if noise_floor else restorer.description.preparation.noise_floor
    scans = _scans({"low dose": low_dose, "T1": pre_contrast, "T2": t2}, keeps)
    restoration = restorer.restore_in_full(
        scans["low dose"],
        dose,
        scans.get("T1"),
        scans.get("T2"),
        acquisition=acquisition_beside(low_dose),
        spacing_mm=None if spacing_mm is None else (spacing_mm, spacing_mm),
        origin="simulated" if simulated else "scanned",
        check=consistency is not None,
    )
    for words in restoration.cautions:
        typer.echo(f"caution: {words}", err=True)
    write_volume(out, restoration.image)
    typer.echo(out)
    if interval is not None and restoration.half_width is not None:
        write_volume(interval, restoration.half_width)
        typer.echo(interval)
        if not simulated and not restoration.of_scans:
            typer.echo(f"caution: {OF_SCANNED_LOW_DOSES}", err=True)
    if consistency is not None and restoration.discrepancy is not None:
        write_volume(consistency, restoration.discrepancy.error)
        typer.echo(consistency)
        typer.echo(f"against the measurement: {restoration.discrepancy.words}", err=True)


def _scans(named: dict[str, Path | None], noise_floor: NoiseFloor) -> dict[str, Volume]:
    """Read the scans that are there.

    Args:
        named: File of each scan; None for one that was not given.
        noise_floor: Whether scans whose air is not near zero are refused or kept.

    Returns:
        The scans that were given.

    Raises:
        VolumeError: One cannot be read.
        StudyError: One cannot be of a head.
    """
    from lessgad.preparation.scan_checks import check_scan
    from lessgad.volume import read_volume

    scans = {name: read_volume(path) for name, path in named.items() if path is not None}
    for name, scan in scans.items():
        check_scan(scan, name, "trust", noise_floor)
    return scans


def _check_results(results: list[Path], inputs: list[Path], *, force: bool) -> None:
    """Raise InputError for a result that cannot be written, or would replace another one or an input."""
    from lessgad.errors import InputError
    from lessgad.volume import NIFTI_SUFFIXES

    taken = {path.resolve() for path in inputs}
    for path in results:
        if not path.name.endswith(NIFTI_SUFFIXES):
            raise InputError(f"The name of the result, {path.name}, does not end in .nii or .nii.gz")
        if path.exists() and not force:
            raise InputError("The result exists already", path=path, remedy="Choose another name or give --force")
        if path.resolve() in taken:
            raise InputError(
                "The same file is named for two results, or for a result and an input",
                path=path,
                remedy="Give each result a name of its own",
            )
        taken.add(path.resolve())
