# SPDX-License-Identifier: Apache-2.0
"""The methods section of a paper, written from the settings that an experiment was run with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from importlib.metadata import version

from lessgad.dose.simulation_record import SimulationRecord
from lessgad.dose_fraction import percent
from lessgad.evaluation.answer_settings import AnswerSettings
from lessgad.experiment.opened import Experiment
from lessgad.experiment.settings import ExperimentSettings
from lessgad.experiment_report.answer_from_results import answer_settings
from lessgad.experiment_report.reader_outcomes import readings_of_test_patients

_CALIBRATION = {
    "smooth": "a factor that varies smoothly through the head and is estimated where nothing enhances",
    "robust": "one factor per study, on which the non-enhancing majority of head voxels agrees",
    "peaks": "the affine map that takes background and second histogram peak of the T1ce to those of the T1",
    "none": "no intensity calibration",
}


def methods_paragraphs(experiment: Experiment, records: Sequence[SimulationRecord]) -> tuple[str, ...]:
    """Write one paragraph each on data and preparation, low doses, restoration, evaluation, and software.

    Args:
        experiment: The opened experiment.
        records: Simulation record of each study.

    Returns:
        The paragraphs.
    """
    settings = experiment.settings
    answer = answer_settings(experiment, read=readings_of_test_patients(experiment) is not None)
    return (
        _data(experiment),
        _preparation(settings),
        _low_doses(settings, records),
        _restoration(settings),
        _evaluation(settings, answer),
        _software(settings),
    )


def _data(experiment: Experiment) -> str:
    patients = Counter(experiment.subsets[patient] for patient in experiment.cohort.patients)
    split = experiment.settings.split
    parts = ", ".join(f"{patients[name]} for {name}" for name in ("train", "validation", "test") if patients[name])
    n_unusable = len(experiment.cohort.unusable)
    studies = (
        "1 study without a usable pair was" if n_unusable == 1 else f"{n_unusable} studies without a usable pair were"
    )
    excluded = studies if n_unusable else "No study was"
    return (
        f"The cohort was organized as BIDS [gorgolewski2016bids] and held {len(experiment.cohort.studies)} studies of "
        f"{len(experiment.cohort.patients)} patients, each with a pre-contrast T1-weighted scan (T1) and a T1-weighted "
        f"scan after the standard dose of contrast agent (T1ce). "
        f"{excluded} excluded. Patients, not studies, were assigned to the subsets: "
        f"{parts} (seed {split.seed})."
    )


def _preparation(settings: ExperimentSettings) -> str:
    preparation = settings.preparation
    aligned = (
        "The T1ce was registered rigidly to the T1 with elastix [klein2010elastix]."
        if preparation.alignment == "register"
        else "T1 and T1ce were aligned already, which was checked."
    )
    return (
        f"{aligned} The intensities of the T1ce were matched to those of the T1 by "
        f"{_CALIBRATION[preparation.calibration]}. One affine map per study took all images to [−1, 1], with the "
        f"background at −1 and {preparation.full_scale:g} times the second histogram peak of the T1 at 1; values "
        "beyond were clipped."
    )


def _low_doses(settings: ExperimentSettings, records: Sequence[SimulationRecord]) -> str:
    simulation = settings.simulation
    doses = ", ".join(percent(dose) for dose in settings.doses)
    how = _simulated(simulation.model, records)
    noise = (
        f"from denoised images, with independent Rician noise ({simulation.noise_words}; seed {simulation.seed})"
        if simulation.adds_noise
        else "without noise"
    )
    if settings.low_dose == "measured":
        return (
            f"Low-dose scans of the cohort were restored and assessed at {doses} of the standard dose. Low doses for "
            f"training were simulated {how}, {noise}."
        )
    return f"Low doses ({doses} of the standard dose) were simulated {how}, {noise}."


def _simulated(model: str, records: Sequence[SimulationRecord]) -> str:
    mix = "as the linear mix (1 − dose) · T1 + dose · T1ce [chen2025dose]"
    n = len(records)
    equation = sum(record.model == "signal_equation" for record in records)
    if model == "linear" or not equation:
        return mix
    words = "by the signal equation of the sequence"
    if equation == n:
        return words
    return (
        f"{words} in {equation} of {n} studies and {mix} in the other {n - equation}, whose sequence parameters were "
        "not sufficient"
    )


def _restoration(settings: ExperimentSettings) -> str:
    field, training = settings.field, settings.training
    inputs = " and ".join(name.replace("_", "-") for name in field.inputs)
    network = f"A neural field of preset “{field.preset}” [chen2024cones] estimated the T1ce from {inputs} images"
    if training.models == "pretrained":
        return (
            f"{network}. The pretrained model of lessgad was used without further training, so that all patients were "
            "test patients."
        )
    models = "one model for all doses" if training.models == "conditioned" else "one model for each dose"
    fine_tuned = training.start == "pretrained" and field.preset == "kernel"
    began = "fine-tuned from the pretrained weights" if fine_tuned else "trained from random weights"
    return (
        f"{network}; {models} was {began} with Adam (learning rate {training.learning_rate:g}, {training.n_samples:,} "
        f"patches of {training.patch_size[0]}×{training.patch_size[1]} pixels, batches of "
        f"{training.batch_size * training.accumulate}, seed {training.seed}). The weights of the best validation were "
        "kept."
    )


def _evaluation(settings: ExperimentSettings, answer: AnswerSettings) -> str:
    evaluation = settings.evaluation
    segmentation = (
        f" A segmentation network (nnU-Net [isensee2021nnunet], {settings.segmentation.configuration}) that was "
        "trained on the standard dose was applied unchanged to low-dose and restored images (Dice, HD95, ASD)."
        if settings.segmentation is not None
        else ""
    )
    return (
        "Restored images of test patients were compared with the T1ce by PSNR and SSIM [wang2004ssim] in the tumor's "
        f"bounding box, and by recovery, false and missed enhancement.{segmentation} As in [chen2025dose], means over "
        "studies are given with a Wilcoxon signed-rank test; beside them, means over patients with a bootstrap 95 % "
        "confidence interval and a sign-flip test, corrected over doses [holm1979] "
        f"({evaluation.n_resamples:,} resamples, seed {evaluation.seed}). A dose counts as sufficient if, at it and at "
        f"every higher dose, more than a set share of patients is shown to keep the margin of each of "
        f"{len(answer.endpoints)} endpoints (exact binomial test, one-sided level {answer.level:g}, doses from the "
        "highest down; endpoints that a repeat scan or the readings cannot support give no verdict); at least "
        f"{answer.min_patients} test patients were required."
    )


def _software(settings: ExperimentSettings) -> str:
    names = ["lessgad", "torch", "itk-elastix", "numpy", "scipy", "scikit-image"]
    names += ["nnunetv2"] if settings.segmentation is not None else []
    return f"Software: {', '.join(f'{name} {version(name)}' for name in names)}. All settings are in experiment.yaml."
