# SPDX-License-Identifier: Apache-2.0
"""`lessgad restore`: one new scan."""

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
            help="The low-dose scan, NIfTI; LOW.json beside it tells the sequence. Or a folder with one DICOM study: "
            "its low dose and T1 are found, and OUT becomes a folder of derived series.",
        ),
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Where the restored image goes, .nii or .nii.gz.")],
    dose: Annotated[
        float | None,
        typer.Option(
            help="Its fraction of the standard dose, e.g. 0.1; needed unless a DICOM header says it. At 0 the input "
            "is returned, unless prediction beats it on validation patients."
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
        typer.Option(metavar="T1", help="T1 of the same examination; needed by the pretrained model and most others."),
    ] = None,
    t2: Annotated[
        Path | None,
        typer.Option("--t2", metavar="T2", help="T2 of the same examination, for models trained with one."),
    ] = None,
    spacing_mm: Annotated[
        float | None,
        typer.Option("--spacing", metavar="MM", help="In-plane spacing of the result; that of the scan unless given."),
    ] = None,
    interval: Annotated[
        Path | None,
        typer.Option(metavar="HALF", help="Where the half-width of the 90 % interval of each voxel goes, NIfTI."),
    ] = None,
    consistency: Annotated[
        Path | None,
        typer.Option(
            metavar="MAP",
            help="Where the map goes of what LOW contradicts in the restored image, NIfTI: too much above 0, too "
            "little below. Needs T1, and LOW's JSON sidecar.",
        ),
    ] = None,
    simulated: Annotated[
        bool,
        typer.Option(
            "--simulated",
            help="LOW was simulated as in the model's training, not scanned: the simulation is true of it.",
        ),
    ] = False,
    series: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ROLE=NUMBER",
            help="Of a DICOM study: what a series is, by SeriesNumber: low_dose, pre_contrast or t2; repeat for more.",
        ),
    ] = None,
    burn_in: Annotated[
        bool, typer.Option(help="Of DICOM: write NOT FOR DIAGNOSIS into the pixels of every slice.")
    ] = True,
    noise_floor: Annotated[
        bool,
        typer.Option("--noise-floor", help="Use scans whose air is not near zero, as in sums over many coils."),
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace OUT where it exists.")] = False,
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
        raise InputError("the dose of the scan", "none", low_dose, "Give it with --dose")
    if spacing_mm is not None and not 0.05 <= spacing_mm <= 20:
        raise InputError("a spacing of 0.05 to 20 mm", f"{spacing_mm:g} mm")
    results, inputs = (
        [path for path in paths if path is not None]
        for paths in ((out, interval, consistency), (low_dose, pre_contrast, t2))
    )
    _check_results(results, inputs, force=force)
    restorer = Restorer.load(model)
    if interval is not None and restorer.intervals is None:
        raise ModelError("a model with calibrated intervals", "one without", model, "Leave --interval out")
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
            raise InputError("a result named .nii or .nii.gz", path.name)
        if path.exists() and not force:
            raise InputError("a result that does not exist yet", "a file", path, "Choose another name or give --force")
        if path.resolve() in taken:
            raise InputError("a file of its own for each result", "one that is another result, or an input", path)
        taken.add(path.resolve())
