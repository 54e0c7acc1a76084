# SPDX-License-Identifier: Apache-2.0
"""The commented experiment.yaml that `lessgad init` writes; what is not the default in it says so."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

import yaml

from lessgad.cohort.selection import Selection
from lessgad.evaluation.endpoint_words import share_words
from lessgad.experiment.settings import ExperimentSettings
from lessgad.segmentation.settings import USUAL_EPOCHS, SegmentationSettings
from lessgad.training.settings import PAPER_LOSSES

QUICK_DOSES = (0.0, 0.1, 0.3)
QUICK_SAMPLES = 2_000
#: The published method: METHOD and training as in the paper, as far as it tells.
PAPER: dict[str, Any] = {
    "preparation": {"calibration": "peaks"},
    "simulation": {"model": "linear", "noise": "none"},
    "field": {"preset": "paper"},
    "training": {
        "models": "per_dose",
        "n_samples": 800_000,
        "batch_size": 8,
        "losses": PAPER_LOSSES.model_dump(),
        "learning_rate": 1e-4,
        "discriminator_learning_rate": 4e-4,
        "betas": (0.5, 0.999),
        "weight_decay": 3e-5,
        "gradient_norm": None,
        "vary_enhancement": 0.0,
        "vary_position": 0.0,
    },
}
USUAL = "# A setting that is left out has its default: the value shown here, unless the comment names another."
AS_PUBLISHED = """\
# The published method (Chen et al., European Radiology 2025): network, training, simulation. Needs a GPU.
# Settings that are left out have lessgad's defaults, which differ from the paper."""


def experiment_yaml(
    *,
    cohort: str,
    derivative: str | None,
    select: Selection | None = None,
    regions: Mapping[str, tuple[int, ...]],
    left_out: Mapping[str, tuple[int, ...]],
    not_tumor: Collection[int] = (),
    aligned: bool,
    quick: bool,
    paper: bool = False,
    pretrained: bool = False,
    segmentation: SegmentationSettings | str = "the cohort has no masks",
) -> str:
    """Write the settings of a new experiment as YAML, with a comment for each.

    Args:
        cohort: The BIDS folder, seen from the experiment.
        derivative: Folder in ``derivatives/`` with the masks, or None.
        select: Entities of the images that are meant, where studies have several of one kind.
        regions: Label values of each region.
        left_out: Labels that are in the masks and in no region, by name.
        not_tumor: Labels that are in the masks, in no region, and have no name.
        aligned: The pairs are aligned already.
        quick: A short training and few doses.
        paper: The published method instead of lessgad's defaults.
        pretrained: Train nothing.
        segmentation: How, or why not.

    Returns:
        The text of experiment.yaml.
    """
    default = ExperimentSettings.model_validate({"cohort": {"path": cohort}, **(PAPER if paper else {})})
    shares, train, field = default.split, default.training, default.field
    doses = QUICK_DOSES if quick else default.doses
    n_samples = QUICK_SAMPLES if quick else train.n_samples
    usual_doses = f"; default {list(default.doses)}" if quick else ""
    models = "pretrained" if pretrained else train.models
    usual_models = f"; default {train.models}" if pretrained else ""
    usual_samples = f"; default {train.n_samples}" if quick else ""
    prepare, simulation = default.preparation, default.simulation
    alignment = "aligned" if aligned else prepare.alignment
    usual_alignment = f"; default {prepare.alignment}" if aligned else ""
    masks = _spelled(derivative) if derivative else "null"
    region_lines = "".join(f"    {_spelled(name)}: {list(values)}\n" for name, values in regions.items())
    region_lines += "".join(
        f"    # {_spelled(name)}: {list(values)}   # not counted as tumor\n" for name, values in left_out.items()
    )
    return f"""# An experiment of lessgad. Run it with `lessgad run` and the folder of this file.
{AS_PUBLISHED if paper else USUAL}

cohort:
  path: {json.dumps(cohort, ensure_ascii=False)}   # BIDS folder; never written to
  derivative: {masks}   # folder in derivatives/ with the masks, if several hold masks
{_which_images(default, select)}
  regions:{"" if regions else " {}"}   # label values of each region; the tumor is their union
{region_lines}  not_tumor: {sorted(not_tumor)}   # other labels of the masks, which do not count as tumor

split:   # shares of the patients, drawn once into split.tsv; later runs move no patient
  train: {shares.train}
  validation: {shares.validation}
  test: {shares.test}
  seed: {shares.seed}

preparation:
  alignment: {alignment}   # register: with elastix; aligned: already aligned, which is checked{usual_alignment}
  calibration: {prepare.calibration}   # smooth: smoothly varying factor; robust: one factor; peaks: paper; none
  unlike_pairs: {prepare.unlike_pairs}   # exclude or keep studies whose T1 and T1ce differ in more than contrast
  noise_floor: {prepare.noise_floor}   # refuse or keep scans whose air is not near zero, as in sums over many coils
  full_scale: {prepare.full_scale}   # where +1 lies, in multiples of the second histogram peak of the T1

simulation:   # how low-dose images are made from the pair; the paper: linear, none
  model: {simulation.model}   # signal_equation: as the sequence says; linear: (1 - dose) * T1 + dose * T1ce
  noise: {simulation.noise_words}   # matched: independent, SNR of the T1ce; {{snr: 20}}: this SNR; none
  noise_fwhm_px: {json.dumps(simulation.noise_fwhm_px)}   # correlation width in pixels; 0: white; null: as in the T1ce
  t1_ms: null   # assumed T1 of tissue before contrast; null: 1300 up to 1.5 T, 1600 at 3 T
  t2_ms: {simulation.t2_ms}   # assumed T2 of tissue; T2* for gradient echoes
  seed: {simulation.seed}

low_dose: {default.low_dose}   # evaluated low doses; measured: low-dose scans of the cohort, never trained on
doses: {json.dumps(list(doses))}   # fractions of the standard dose; 0 is the control of the answer{usual_doses}

field:
  preset: {field.preset}   # kernel: averages of the scan, weighted by a network; compact; paper: as published, slow
  inputs: {json.dumps(list(field.inputs))}   # paper: [low_dose]; without the T1 little is gained under noise
  output: {field.output}   # residual: low dose + predicted difference; tanh: the image itself
  interval: {json.dumps(field.interval)}   # whether it predicts an interval for each voxel; paper: false
  scaled_difference: {json.dumps(field.scaled_difference)}   # scaled (low dose - T1) as an input; paper: false
  told_the_dose: {json.dumps(field.told_the_dose)}   # needed by one model for all doses
  n_neighbor_slices: {field.n_neighbor_slices}   # slices above and below that are inputs too; paper: 0
  # for compact also its shape (stem, channels, n_blocks and others; FieldSettings in lessgad/field/presets.py)

training:
  # pretrained is safest where low doses will be scanned (docs/results.md)
  models: {models}   # conditioned: one for all doses; per_dose: as the paper; pretrained: no training{usual_models}
  start: {train.start}   # pretrained: from the weights that ship with lessgad (preset kernel); scratch
  n_samples: {n_samples}   # patches that each model sees{usual_samples}
  batch_size: {train.batch_size}   # patches per batch
  accumulate: {train.accumulate}   # batches per optimizer step
  patch_size: {json.dumps(list(train.patch_size))}   # rows and columns
  tumor_share: {train.tumor_share}   # share of patches that hold tumor
  flip: {json.dumps(train.flip)}   # whether half of the patches are mirrored left to right
  losses: {json.dumps(train.losses.model_dump())}   # the paper's: 100, 1, 10, 10
  learning_rate: {train.learning_rate}
  discriminator_learning_rate: {train.discriminator_learning_rate}   # where a loss needs one
  discriminator_noise: {train.discriminator_noise}   # SD of the noise on the images of the discriminator
  betas: {json.dumps(list(train.betas))}   # of Adam
  weight_decay: {train.weight_decay}   # of the field
  gradient_norm: {json.dumps(train.gradient_norm)}   # gradients are clipped to this norm; null: no clipping
  vary_enhancement: {train.vary_enhancement}   # spread of the random enhancement strength; 0: unchanged
  vary_position: {train.vary_position}   # 1: each low dose has its own head position, like a scan; paper: 0
  vary_noise: {train.vary_noise}   # share of patches with weaker or stronger noise than simulated
  t2_dropout: {train.t2_dropout}   # share of patches without T2, if T2 is an input
  precision: {train.precision}   # auto: bf16 if the hardware computes in it, otherwise fp32
  validate_every: {train.validate_every}   # samples between two validations
  n_validation_slices: {train.n_validation_slices}   # slices per study, evenly through its tumor
  seed: {train.seed}

restoration:
  window: {default.restoration.window}   # whole_slice; sliding: 128x160, half steps, blended; auto: as the preset needs
  precision: {default.restoration.precision}   # auto: bf16 if the hardware computes in it, otherwise fp32
  slices_at_once: {default.restoration.slices_at_once}   # in memory at a time
  interval_patients: {default.restoration.interval_patients}   # with fewer validation patients there are no intervals

{_segmentation(segmentation)}
evaluation:
  n_resamples: {default.evaluation.n_resamples}   # draws of bootstrap and permutation tests
  seed: {default.evaluation.seed}
  progression:   # a tumor has progressed between two visits if it reaches one of these
    diameter_mm: {default.evaluation.progression.diameter_mm}   # growth of the largest transverse diameter
    volume_percent: {default.evaluation.progression.volume_percent}   # growth, % of the volume at the earlier visit

answer:   # a dose is sufficient if all endpoints meet their margins; set this before you see test results
  endpoints:   # repeat: a second scan at the standard dose; also missed_ml, unsupported_ml, dice_loss, psnr_db
{_endpoints(default, with_dice=not isinstance(segmentation, str))}
  method: {default.answer.method}   # method whose images are evaluated
  min_patients: {default.answer.min_patients}   # with fewer test patients there is no answer
  level: {default.answer.level}   # level of each one-sided test
  readers: {json.dumps(default.answer.readers)}   # true: readings add {{metric: reader_gain, at_least: 0.8}}

subsets: {json.dumps(list(default.subsets))}   # subsets that are restored and evaluated
external: {{}}   # images of other methods on the grid and scale of prepared/: name -> folder
n_workers: null   # studies processed at the same time; null: the number of cores, at most 8
cluster: null   # for lessgad run --cluster slurm: {{queue: NAME, jobs: 4, cores: 1, memory: 8GB, walltime: "04:00:00"}}
"""


def _which_images(default: ExperimentSettings, chosen: Selection | None) -> str:
    unknown = default.cohort.orientation_unknown
    return (
        f"  select: {json.dumps(dict(chosen or {}))}   # selects one of several images of one kind: "
        f"{{acq: mprage, run: 1}}\n"
        f"  orientation_unknown: {unknown}   # headers without sform and qform codes; trust: the first axis runs left"
    )


def _endpoints(settings: ExperimentSettings, *, with_dice: bool) -> str:
    """One endpoint a line, with the share of patients that it must be shown for."""
    answer = settings.answer.completed(segmented=with_dice)
    lines = []
    for endpoint in answer.endpoints:
        left_out = {"share"} if endpoint.area else {"share", "area"}
        named = endpoint.model_dump(mode="json", exclude_none=True, exclude=left_out)
        words = ", ".join(f"{key}: {json.dumps(value).strip(chr(34))}" for key, value in named.items())
        lines.append(f"    - {{{words}, share: {endpoint.share:.4g}}}   # in {share_words(endpoint)}")
    return "\n".join(lines)


def _segmentation(chosen: SegmentationSettings | str) -> str:
    if isinstance(chosen, str):
        return f"segmentation: null   # a network that outlines the tumor in every image; off: {chosen}\n"
    return f"""segmentation:   # a network that outlines the tumor in every image; null: none
  configuration: {chosen.configuration}   # quick: small, for a CPU; 2d or 3d_fullres: nnU-Net's own, for a GPU
  folds: {chosen.folds}   # number of networks; with 2 or more, each leaves out a share of the patients
  epochs: {json.dumps(chosen.epochs)}   # null: {USUAL_EPOCHS["quick"]} for quick, {USUAL_EPOCHS["2d"]} for the others
  keep: {chosen.keep}   # all, or the largest piece; auto: the better one on validation patients
  mirroring: {json.dumps(chosen.mirroring)}   # average over mirrored images; up to 8 times the work
  model: null   # folder of a trained nnU-Net to use instead
  labels: null   # labels of that network for each region, if their names differ
  seed: {chosen.seed}
"""


def _spelled(name: str) -> str:
    """Give a name as YAML spells it: quoted where it would be read as something else (no, 12, a: b)."""
    try:
        as_key, as_value = yaml.safe_load(f"{{{name}: 0}}"), yaml.safe_load(f"key: {name}   # words")
        plain = name.replace("-", "_").isidentifier() and as_key == {name: 0} and as_value == {"key": name}
    except yaml.YAMLError:
        plain = False
    return name if plain else json.dumps(name, ensure_ascii=False)
