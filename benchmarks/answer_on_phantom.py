# SPDX-License-Identifier: Apache-2.0
"""What the answer is where the cohort was scanned twice at the standard dose, endpoint by endpoint.

    lessgad phantom COHORT --patients 30 --pairs-only --repeat --seed 3141
    python benchmarks/answer_on_phantom.py COHORT ROWS.pkl [--minutes 5] [--every 2] [--draws 200] [--doses 0 0.3 0.5]

The first session of each patient is prepared, its second scan judged against the first and the first against the
second, and the model that ships with lessgad restores simulated low doses. Rows are kept in a file, so that the script
goes on where it stopped. `--every 2` takes every second pixel in plane, which keeps the noise and is four times as
fast. Then it prints how each default endpoint stands, and, when 30 patients are drawn anew, how often the repeat and
the doses pass each endpoint and all of them, and which dose is the answer.
"""

from __future__ import annotations

import argparse
import pickle
import tempfile
import time
from collections import Counter
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


def rows_of(study, acquisitions, restorer, doses):
    """Everything that is measured of one study: its repeats (scanned, simulated) and restored doses."""
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
    return found


def answer_of(kept, repeats, settings, patients=None, doses=DOSES):
    """Ask for the answer, with the scanned or the simulated repeats; patients may be drawn more than once."""
    from lessgad.evaluation.dose_answer import find_dose_answer
    from lessgad.evaluation.lesions_lost import lesions_lost, missed_shares
    from lessgad.experiment_report.answer_from_results import _of_artifacts, _of_enhancement, _of_similarity

    chosen = list(kept) if patients is None else patients
    outcomes = []
    for place, name in enumerate(chosen):
        parts = [kept[name][repeats], kept[name]["restored"]]
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
    parser.add_argument("--doses", type=float, nargs="+", default=DOSES)
    options = parser.parse_args()
    from lessgad.cohort.acquisition import Sidecars, read_acquisition
    from lessgad.cohort.bids import read_cohort
    from lessgad.errors import LessgadError
    from lessgad.evaluation.answer_settings import AnswerSettings
    from lessgad.evaluation.answer_words import answer_words
    from lessgad.evaluation.endpoint_words import endpoint_words
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
                acquired = study.pre_contrast, study.standard_dose
                small = replace(study, repeats=again, **files)
                kept[study.name] = rows_of(
                    small, [read_acquisition(path, sidecars) for path in acquired], restorer, options.doses
                )
        except LessgadError as error:
            print(f"{study.name}: {error}", flush=True)
            continue
        options.rows.write_bytes(pickle.dumps(kept))
        print(f"{study.name} after {time.monotonic() - start:.0f} s", flush=True)
    settings = AnswerSettings()
    for repeats in ("scanned", "simulated"):
        answer = answer_of(kept, repeats, settings, doses=options.doses)
        print(f"\n{repeats} repeats, {len(kept)} patients: {answer_words(answer)}\n")
        print("| dose |", *(f"{endpoint_words(endpoint)} |" for endpoint in settings.endpoints))
        for dose in (1.0, *answer.doses, 0.0):
            cells = [answer.cell(dose, endpoint) for endpoint in settings.endpoints]
            words = (f"{c.n_kept}/{c.n_patients} ({c.n_needed}), {c.median:.3f}" if c else "–" for c in cells)
            print(f"| {dose:g} |", *(f"{word} |" for word in words))
        rng, names = np.random.default_rng(1), list(kept)
        passes = {dose: np.zeros(len(settings.endpoints) + 1) for dose in (1.0, *answer.doses, 0.0)}
        given: Counter[float | None] = Counter()
        for _ in range(options.draws):
            drawn = answer_of(
                kept, repeats, settings, [names[k] for k in rng.integers(0, len(names), 30)], options.doses
            )
            given[drawn.lowest_dose] += 1
            for dose, counts in passes.items():
                cells = [drawn.cell(dose, endpoint) for endpoint in settings.endpoints]
                passed = [cell is not None and cell.passed for cell in cells]
                counts += [*passed, all(passed)]
        for dose, counts in passes.items():
            print(f"| {dose:g}, passes of 30 drawn, then all |", *(f"{n / options.draws:.3f} |" for n in counts))
        print("answers:", {str(dose): n / options.draws for dose, n in given.items()})


if __name__ == "__main__":
    main()
