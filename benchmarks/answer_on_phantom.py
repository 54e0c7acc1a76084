# SPDX-License-Identifier: Apache-2.0
"""What the answer is where the cohort was scanned twice at the standard dose, endpoint by endpoint.

    lessgad phantom COHORT --patients 30 --sessions 1 --low-dose 0.3 --low-dose 0.5 --repeat --seed 3141
    python benchmarks/answer_on_phantom.py COHORT ROWS.pkl [--minutes 5] [--every 2] [--draws 200] [--doses 0 0.3 0.5]

The first session of each patient is prepared, its second scan judged against the first and the first against the
second, and the model that ships with lessgad restores simulated low doses, and the true ones that the cohort has.
Rows are kept in a file, so that the script goes on where it stopped. `--every 2` takes every second pixel in plane,
which keeps the noise and is four times as fast. Then it prints how each default endpoint stands, and, when as many
patients are drawn anew, how often the repeat and the doses pass each endpoint and all of them, and which dose is the
answer.
"""

from __future__ import annotations

import argparse
import pickle
import tempfile
import time
from collections import Counter
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import numpy as np

DOSES = (0.0, 0.1, 0.3, 0.5)
REGIONS = {"intrameatal": (1,), "extrameatal": (2,)}


def thinned(path, every, folder):
    """Every n-th pixel in plane of a scan or mask, as a file with the same sidecar; slices along the third axis."""
    import nibabel

    image = nibabel.load(path)
    step = np.diag([every, every, 1, 1])
    target = folder / path.name
    nibabel.save(
        nibabel.nifti1.Nifti1Image(np.asanyarray(image.dataobj)[::every, ::every], image.affine @ step), target
    )
    return target


def rows_of(study, acquisitions, restorer, doses, scans):
    """Everything that is measured of one study: its repeats (scanned, simulated) and restored doses.

    `scans` are the true low doses: dose → file and acquisition parameters.
    """
    from lessgad.dose.low_doses import LowDoses
    from lessgad.dose.simulation import SimulationSettings
    from lessgad.dose.source_pair import noise_of_scan
    from lessgad.preparation.auxiliary_image import prepare_low_dose
    from lessgad.preparation.head import head_mask
    from lessgad.preparation.prepared_study import PreparedFiles
    from lessgad.preparation.settings import PreparationSettings
    from lessgad.restoration.restore_low_dose import restore_low_dose
    from lessgad.scoring.repeat import Repeat, score_repeat, simulated_repeat
    from lessgad.scoring.study_scores import StudyScorer
    from lessgad.stages.prepare import PreparationTask, prepared
    from lessgad.stages.prepare_auxiliary import AuxiliaryTask, prepare_auxiliary
    from lessgad.volume import in_transverse_order, read_volume

    simulation, preparation = SimulationSettings(), PreparationSettings()
    task = PreparationTask(
        study,
        PreparedFiles(Path(), study.name),
        tuple(acquisitions),
        preparation,
        simulation,
        REGIONS,
        (1, 2),
        "refuse",
        1,
    )
    done = prepared(task).study
    t1, again = (in_transverse_order(read_volume(path)) for path in (study.pre_contrast, study.repeats[0]))
    second = prepare_low_dose(t1, again, preparation)
    image = again.array.astype(np.float32)
    unit = second.to_pre_contrast.scale * second.normalization.length_of(1.0)
    noise = noise_of_scan("repeat", image, head_mask(image, again.spacing_mm), unit, required=False)
    found = {}
    for name, repeat in (
        ("scanned", Repeat(second.image, noise.sigma if noise else None, scanned=True)),
        ("simulated", simulated_repeat(done, simulation)),
    ):
        scorer = StudyScorer(done, "test", REGIONS)
        score_repeat(scorer, done, "test", REGIONS, repeat)
        found[name] = scorer.scores
    scorer = StudyScorer(done, "test", REGIONS)
    for dose in doses:
        low_dose = LowDoses(simulation).at(done, dose)
        scorer.score(restore_low_dose(restorer, done, low_dose)[0], "restored", low_dose)
    found["restored"] = scorer.scores
    if scans:
        scorer = StudyScorer(done, "test", REGIONS)
        for dose, (path, acquisition) in scans.items():
            target = path.parent / f"prepared_{dose:g}.nii.gz"
            of_pair = acquisitions[0], acquisition
            prepare_auxiliary(
                AuxiliaryTask("low dose", study.pre_contrast, (path,), target, of_pair, preparation, "refuse", 1), None
            )
            low_dose = LowDoses(simulation, {dose: target}).at(done, dose)
            scorer.score(restore_low_dose(restorer, done, low_dose)[0], "restored", low_dose)
        found["true"] = scorer.scores
    return found


def at_doses(rows, low_doses):
    """Rows of the restored images: all simulated, or dose 0 and the true scans."""
    if low_doses == "simulated":
        return rows["restored"]
    found = deepcopy(rows["true"])
    for name in ("similarity", "enhancement", "artifacts", "lesions"):
        getattr(found, name).extend(row for row in getattr(rows["restored"], name) if row.dose == 0)
    return found


def answer_of(kept, repeats, low_doses, settings, patients=None, doses=DOSES):
    """Ask for the answer, with scanned or simulated repeats and low doses; patients may be drawn more than once."""
    from lessgad.evaluation.dose_answer import find_dose_answer
    from lessgad.evaluation.lesions_lost import lesions_lost, missed_shares
    from lessgad.experiment_report.answer_from_results import _of_artifacts, _of_enhancement, _of_similarity

    chosen = list(kept) if patients is None else patients
    outcomes = []
    for place, name in enumerate(chosen):
        parts = [kept[name][repeats], at_doses(kept[name], low_doses)]
        lesions = [row for part in parts for row in part.lesions]
        of_one = [*lesions_lost(lesions), *missed_shares(lesions)]
        for part in parts:
            of_one += [*_of_similarity(part.similarity), *_of_enhancement(part.enhancement)]
            of_one += _of_artifacts(part.artifacts)
        outcomes += [replace(outcome, patient=f"{place:03d}") for outcome in of_one]
    return find_dose_answer(outcomes, settings, doses=doses, patients=[f"{place:03d}" for place in range(len(chosen))])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cohort", type=Path)
    parser.add_argument("rows", type=Path)
    parser.add_argument("--minutes", type=float, default=1e9)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--drawn", type=int, default=30, help="patients of each draw")
    parser.add_argument("--doses", type=float, nargs="+", default=DOSES)
    options = parser.parse_args()
    from lessgad.cohort.acquisition import Sidecars, read_acquisition
    from lessgad.cohort.bids import read_cohort
    from lessgad.dose_fraction import dose_label
    from lessgad.errors import LessgadError
    from lessgad.restoration.restorer import Restorer

    start = time.monotonic()
    kept = pickle.loads(options.rows.read_bytes()) if options.rows.exists() else {}
    cohort = read_cohort(options.cohort)
    sidecars = Sidecars(cohort.root)
    restorer = Restorer.load()
    for study in cohort.studies:
        if study.session not in ("", "1") or study.name in kept or not study.repeats:
            continue
        if time.monotonic() - start > 60 * options.minutes:
            break
        try:
            with tempfile.TemporaryDirectory() as folder:
                files = {
                    name: thinned(getattr(study, name), options.every, Path(folder))
                    for name in ("pre_contrast", "standard_dose", "mask")
                }
                again = (thinned(study.repeats[0], options.every, Path(folder)),)
                scans = {
                    dose: (
                        thinned(paths[0], options.every, Path(folder)),
                        read_acquisition(paths[0], sidecars),
                    )
                    for dose in options.doses
                    if (paths := study.low_doses.get(dose_label(dose)))
                }
                acquired = study.pre_contrast, study.standard_dose
                small = replace(study, repeats=again, **files)
                of_pair = [read_acquisition(path, sidecars) for path in acquired]
                kept[study.name] = rows_of(small, of_pair, restorer, options.doses, scans)
        except LessgadError as error:
            print(f"{study.name}: {error}", flush=True)
            continue
        options.rows.write_bytes(pickle.dumps(kept))
        print(f"{study.name} after {time.monotonic() - start:.0f} s", flush=True)
    for low_doses in ("simulated", "true"):
        if low_doses == "simulated" or all("true" in rows for rows in kept.values()):
            for repeats in ("scanned", "simulated"):
                show(kept, repeats, low_doses, options)
    show_fixed_margins(kept)


def show_fixed_margins(kept) -> None:
    """Print how a scanned second standard dose stands against margins of its own, without a repeat to compare with."""
    per_patient = [
        (
            next(row.recovery for row in rows.enhancement if row.method == "repeat"),
            next(row.false_ml for row in rows.enhancement if row.method == "repeat"),
            next(row.ssim for row in rows.similarity if (row.method, row.area) == ("repeat", "tumor_box")),
        )
        for rows in (of_study["scanned"] for of_study in kept.values())
    ]
    recovery, false_ml, ssim = np.array(per_patient).T
    print(
        f"\nThe scanned repeat of {len(per_patient)} patients, with fixed margins: recovery >= 0.9 in "
        f"{(recovery >= 0.9).sum()}, SSIM >= 0.9 in {(ssim >= 0.9).sum()}, false enhancement <= 0.5 ml in "
        f"{(false_ml <= 0.5).sum()} (median {np.median(false_ml):.1f} ml)"
    )


def show(kept, repeats, low_doses, options) -> None:
    """Print the answer, each endpoint at each dose, and what follows where patients are drawn anew."""
    from lessgad.evaluation.answer_settings import AnswerSettings
    from lessgad.evaluation.answer_words import answer_words
    from lessgad.evaluation.endpoint_words import endpoint_words

    settings = AnswerSettings()
    answer = answer_of(kept, repeats, low_doses, settings, doses=options.doses)
    print(f"\n{repeats} repeats, {low_doses} low doses, {len(kept)} patients: {answer_words(answer)}\n")
    print("| dose |", *(f"{endpoint_words(endpoint)} |" for endpoint in settings.endpoints))
    for dose in (1.0, *answer.doses, 0.0):
        cells = [answer.cell(dose, endpoint) for endpoint in settings.endpoints]
        words = (f"{c.n_kept}/{c.n_patients} ({c.n_needed}), {c.median:.3f}" if c else "–" for c in cells)
        print(f"| {dose:g} |", *(f"{word} |" for word in words))
    rng, names = np.random.default_rng(1), list(kept)
    passes = {dose: np.zeros(len(settings.endpoints) + 1) for dose in (1.0, *answer.doses, 0.0)}
    given: Counter[tuple[str, float | None]] = Counter()
    for _ in range(options.draws):
        patients = [names[k] for k in rng.integers(0, len(names), options.drawn)]
        drawn = answer_of(kept, repeats, low_doses, settings, patients, options.doses)
        given[drawn.status, drawn.lowest_dose] += 1
        for dose, counts in passes.items():
            cells = [drawn.cell(dose, endpoint) for endpoint in settings.endpoints]
            passed = [cell is not None and cell.passed for cell in cells]
            counts += [*passed, all(passed)]
    for dose, counts in passes.items():
        print(
            f"| {dose:g}, passes of {options.drawn} drawn, then all |", *(f"{n / options.draws:.3f} |" for n in counts)
        )
    print("answers:", {f"{status} {dose}": n / options.draws for (status, dose), n in given.items()})


if __name__ == "__main__":
    main()
