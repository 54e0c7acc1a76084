# SPDX-License-Identifier: Apache-2.0
"""CLAIM 2024, filled as far as an experiment knows; what only the author knows stays empty."""

from __future__ import annotations

from lessgad.experiment.opened import Experiment
from lessgad.report.claim_items import CLAIM_ITEMS
from lessgad.report.content import ChecklistItem


def claim_checklist(experiment: Experiment, *, readers: bool) -> tuple[ChecklistItem, ...]:
    """Answer the items of CLAIM 2024 as far as the experiment knows.

    Args:
        experiment: The opened experiment.
        readers: Whether there are readings.

    Returns:
        The items in their order.
    """
    settings = experiment.settings
    training = settings.training
    trained = training.models != "pretrained"
    pretrained = not trained or (training.start == "pretrained" and settings.field.preset == "kernel")
    tuned = "baselines are tuned on them too" if not trained else "not used for training or selection"
    answers = {
        6: "Lowest dose of contrast agent at which restored images meet the margins of the endpoints",
        9: "Methods, preparation: registration, calibration, normalization",
        10: "All studies of the test subset; head box and tumor box as described in Methods",
        12: "Missing scan parameters: low doses are a linear mix. Missing values end the sequence of doses",
        13: "Table 2",
        14: "Standard-dose T1ce of the same study; tumor masks of the cohort",
        19: f"Random by patient, seed {settings.split.seed}; split.tsv",
        20: "Patient",
        22: f"Neural field, preset {settings.field.preset}; inputs: {', '.join(settings.field.inputs)}; model card",
        23: "Settings and versions",
        24: "Pretrained weights of lessgad" if pretrained else "Random, with a seed",
        25: "Methods, restoration; experiment.yaml" if trained else "No training: pretrained model",
        26: "Best validation PSNR" if trained else "Not applicable: pretrained model",
        27: "None",
        28: f"PSNR, SSIM; recovery, false and missed enhancement{'; Dice, HD95, ASD' if settings.segmentation else ''}",
        29: "Bootstrap over patients, sign-flip test with Holm's correction, one-sided bounds of the endpoints",
        30: "All doses from the control to the highest; subgroups by lesion size",
        31: "Voxel-wise intervals and discrepancy with the acquired scan",
        32: f"Test subset; {tuned}",
        35: "Figure 1 and the list of failed studies",
        36: "Table 1, for the whole cohort",
        37: "Table 4 and the tables on enhancement",
        39: "Worst patient on the first screen; worst slice of each test study; studies that failed",
        42: "experiment.yaml; fixed endpoints in results/answer_fixed.json",
        43: "lessgad is open source (Apache-2.0), with its pretrained weights; availability of the data: author",
    }
    if readers:
        answers[38] = "Tables 3 and 5: reader study"
        answers[18] = "Reader study: agreement between and within readers"
    return tuple(
        ChecklistItem(number, section, item, answers.get(number, ""))
        for number, (section, item) in enumerate(CLAIM_ITEMS, start=1)
    )
