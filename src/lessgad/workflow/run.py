# SPDX-License-Identifier: Apache-2.0
"""Run an experiment, stage by stage, from where it stopped."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lessgad.atomic_write import saying_why
from lessgad.errors import LessgadError, SettingsError
from lessgad.experiment.record import Record, read_record
from lessgad.training.processes import ALONE, Processes
from lessgad.workflow.beginning import begin_stage, check_ahead
from lessgad.workflow.companions import plan_companions
from lessgad.workflow.evaluate import plan_evaluation
from lessgad.workflow.experiment import Experiment, open_experiment
from lessgad.workflow.log import LOGGER, run_log
from lessgad.workflow.models import model_of, plan_models
from lessgad.workflow.parallel import do_in_parallel
from lessgad.workflow.prepare import plan_preparation
from lessgad.workflow.progress import Watcher
from lessgad.workflow.restore import plan_restoration
from lessgad.workflow.segment import plan_segmentation
from lessgad.workflow.stages import STAGES, Stage
from lessgad.workflow.study_cautions import study_cautions
from lessgad.workflow.together import follow, joined_processes
from lessgad.workflow.train import models_named
from lessgad.workflow.unit import Unit, do_unit, unit_state
from lessgad.workflow.write_report import plan_report

MOST_WORKERS = 8
IN_PROCESSES: tuple[Stage, ...] = ("prepare", "evaluate")


@dataclass(frozen=True)
class Failure:
    """A study that could not be used at some stage.

    Attributes:
        stage: Where; "cohort" for one that has no usable pair.
        study: Its name.
        reason: One line.
    """

    stage: str
    study: str
    reason: str


def run_experiment(
    root: Path, stages: Sequence[Stage], watcher: Watcher, *, model_doses: Sequence[float] = ()
) -> list[Failure]:
    """Do what is to do in these stages; what is done and not stale is left as it is.

    Started by torchrun or by SLURM's srun, in several processes, these train together: the first one does what is
    said here, the others compute with it and return nothing.

    Args:
        root: The experiment folder.
        stages: In the order of `STAGES`.
        watcher: Is told of the progress.
        model_doses: Train the models of these doses alone (`models: per_dose`); none means all.

    Returns:
        Studies that failed, with reasons; they are tried again at the next run.

    Raises:
        InputError: Settings or cohort cannot be used, or an earlier stage has not been run.
        LockedError: Another run is at the same work.
        LessgadError: A process that trains with this one has ended before its time.
        KeyboardInterrupt: The user pressed Ctrl-C; what was done is kept.
    """
    with joined_processes(stages) as processes:
        if processes.leads:
            return _opened(root, stages, watcher, model_doses, processes)
        follow(processes)
        return []


def _opened(
    root: Path, stages: Sequence[Stage], watcher: Watcher, model_doses: Sequence[float], processes: Processes
) -> list[Failure]:
    """Open the experiment and its log, and run the stages."""
    with saying_why(root):
        experiment = open_experiment(root)
        with run_log(experiment.folder) as scrubber:
            scrubber.numbers |= {study.name: n for n, study in enumerate(experiment.cohort.studies, start=1)}
            scrubber.folders += [experiment.cohort.root, experiment.cohort.root.resolve()]
            return _logged(experiment, stages, watcher, models_named(experiment, model_doses), processes)


def _logged(
    experiment: Experiment, stages: Sequence[Stage], watcher: Watcher, models: frozenset[str], processes: Processes
) -> list[Failure]:
    """Run the stages, and write to the log how that ended."""
    try:
        with saying_why(experiment.folder.root):
            return _run_stages(experiment, stages, watcher, models, processes)
    except KeyboardInterrupt:
        LOGGER.info("interrupted")
        raise
    except LessgadError as error:
        LOGGER.error("%s", error)
        raise
    except Exception as error:
        LOGGER.exception("internal error")
        error.add_note(f"the traceback is in {experiment.folder.logs}")
        raise
    finally:
        experiment.hashes.save()


def stages_of(experiment: Experiment) -> tuple[Stage, ...]:
    """The stages that an experiment has: all, but for the segmentation where none is asked for."""
    return tuple(stage for stage in STAGES if stage != "segment" or experiment.settings.segmentation is not None)


def plan_stage(experiment: Experiment, stage: Stage, processes: Processes = ALONE) -> list[Unit]:
    """List the units of a stage, as they stand now."""
    n_threads = max(1, _n_cores() // _n_workers(experiment))  # of a registration
    plans: dict[Stage, Callable[[], list[Unit]]] = {
        "prepare": lambda: plan_preparation(experiment, n_threads) + plan_companions(experiment, n_threads),
        "train": lambda: plan_models(experiment, processes),
        "restore": lambda: plan_restoration(experiment),
        "segment": lambda: plan_segmentation(experiment),
        "evaluate": lambda: plan_evaluation(experiment),
        "report": lambda: plan_report(experiment),
    }
    return plans[stage]()


def known_failures(experiment: Experiment, stages: Sequence[Stage] = STAGES) -> list[Failure]:
    """List what failed and has not been mended: unusable studies, then failed units of each stage."""
    failures = [Failure("cohort", study.name, study.reason) for study in experiment.cohort.unusable]
    for stage in stages:
        for unit in plan_stage(experiment, stage):
            record = read_record(experiment.folder.record(stage, unit.name))
            if record is not None and record.outcome == "failed":
                failures.append(Failure(stage, unit.name, record.reason))
    return failures


def _run_stages(
    experiment: Experiment, stages: Sequence[Stage], watcher: Watcher, models: frozenset[str], processes: Processes
) -> list[Failure]:
    if list(stages) == ["segment"] and experiment.settings.segmentation is None:
        watcher.say("segment: experiment.yaml asks for none (segmentation: null)")
    stages = [stage for stage in stages if stage in stages_of(experiment)]
    check_ahead(experiment, stages, watcher)
    LOGGER.info("run of %s: %d studies", ", ".join(stages), len(experiment.cohort.studies))
    if processes.n > 1:
        LOGGER.info("%d processes", processes.n)
    for study in experiment.cohort.unusable:
        _tell_failure(watcher, study.name, study.reason)
    for stage in stages:
        _check_earlier(experiment, stage)
        begin_stage(experiment, stage, watcher)
        planned = plan_stage(experiment, stage, processes)
        units = [unit for unit in planned if stage != "train" or not models or model_of(unit) in models]
        experiment.hashes.save()
        to_do = [unit for unit in units if unit_state(experiment.folder, unit) != "done"]
        LOGGER.info("%s: %d of %d to do", stage, len(to_do), len(units))
        if to_do:
            _run_stage(experiment, stage, to_do, watcher)
            if stage == "prepare":
                _tell_cautions(experiment, watcher)
        else:
            watcher.say(f"{stage}: nothing to do")
    return known_failures(experiment)


def _run_stage(experiment: Experiment, stage: Stage, units: list[Unit], watcher: Watcher) -> None:
    watcher.begin(stage, sum(unit.size for unit in units))
    finished: list[Unit] = []

    def advance(part: float, note: str) -> None:
        watcher.advance(sum(unit.size for unit in finished) + part, note)

    try:
        for unit, record in _finished(experiment, stage, units, advance):
            finished.append(unit)
            advance(0.0, unit.name)
            LOGGER.info("%s: %s %s", unit.what, record.outcome, record.reason)
            if record.outcome == "failed":
                _tell_failure(watcher, unit.name, record.reason)
            if record.traceback:
                LOGGER.error("%s: unforeseen\n%s", unit.what, record.traceback)
    finally:
        watcher.end()


def _finished(
    experiment: Experiment, stage: Stage, units: list[Unit], advance: Callable[[float, str], None]
) -> Iterator[tuple[Unit, Record]]:
    if stage in IN_PROCESSES:
        yield from do_in_parallel(experiment.folder, units, _n_workers(experiment))
    else:
        for unit in units:
            if unit.after is None or unit_state(experiment.folder, unit.after) == "done":
                yield unit, do_unit(experiment.folder, unit, advance)


def _check_earlier(experiment: Experiment, stage: Stage) -> None:
    """Raise SettingsError where a stage would have nothing to stand on."""
    for earlier in STAGES[: STAGES.index(stage)]:
        if earlier not in stages_of(experiment):
            continue
        units = plan_stage(experiment, earlier)
        # A study that failed is left out of what follows; nothing follows a training that failed.
        wanting = ("to do", "stale", "failed") if earlier == "train" else ("to do", "stale")
        missing = [unit.name for unit in units if unit_state(experiment.folder, unit) in wanting]
        if missing or not units:
            came = f"{len(missing)} of {len(units)} not done ({missing[0]} first)" if missing else "no usable study"
            raise SettingsError(
                f"stage {earlier} to be done before {stage}",
                came,
                None,
                f"Run what is missing: lessgad run {experiment.folder.root} --until {stage}",
            )


def _tell_failure(watcher: Watcher, study: str, reason: str) -> None:
    LOGGER.warning("%s skipped: %s", study, reason)
    watcher.say(f"{study} skipped: {reason}")


def _tell_cautions(experiment: Experiment, watcher: Watcher) -> None:
    for caution in study_cautions(experiment):
        LOGGER.warning("%s: caution: %s", caution.study, caution.words)
        watcher.say(f"{caution.study}: caution: {caution.words}")


def _n_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _n_workers(experiment: Experiment) -> int:
    return experiment.settings.n_workers or min(MOST_WORKERS, max(1, _n_cores()))
