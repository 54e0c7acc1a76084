# SPDX-License-Identifier: Apache-2.0
"""Run an experiment, stage by stage, from where it stopped."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lessgad.atomic_write import saying_why
from lessgad.engine.fingerprint import fingerprint
from lessgad.engine.log import LOGGER
from lessgad.engine.progress import Progress
from lessgad.engine.running import one_of_the_runs
from lessgad.engine.standing import Standing
from lessgad.engine.unit import Unit
from lessgad.errors import LessgadError, LockedError, SettingsError
from lessgad.experiment.derivative_description import describe_derivative
from lessgad.experiment.models import models_named
from lessgad.experiment.opened import Experiment, open_experiment
from lessgad.experiment.scrubber import scrubbed_log
from lessgad.experiment.stage_names import Stage
from lessgad.pipeline.cautions import tell_cautions
from lessgad.pipeline.check_ahead import begin_stage, check_ahead
from lessgad.pipeline.elsewhere import HERE, Elsewhere, OpenedWhenNeeded
from lessgad.pipeline.failures import Failure, known_failures
from lessgad.pipeline.plan import stages_of, standing_of
from lessgad.pipeline.run_stage import run_stage
from lessgad.pipeline.selection import EVERYTHING, Selection
from lessgad.training.distributed_run import follow, joined_processes
from lessgad.training.processes import Processes

#: Settings that no result depends on: runs may differ in them.
OF_NO_RESULT = {"n_workers", "cluster"}
JOBS = "jobs"  # what the jobs of a cluster print


def run_experiment(
    root: Path,
    stages: Sequence[Stage],
    progress: Progress,
    *,
    model_doses: Sequence[float] = (),
    selection: Selection = EVERYTHING,
    elsewhere: Elsewhere = HERE,
) -> list[Failure]:
    """Run all pending, stale or failed units of these stages; finished units are not repeated.

    If torchrun or SLURM's srun started several processes, they train together: the first one runs the stages, the
    others compute with it and return nothing.

    Args:
        root: The experiment folder.
        stages: Stages in the order of `STAGES`.
        progress: Receives the progress.
        model_doses: Train the models of these doses alone (`models: per_dose`); none means all.
        selection: The studies.
        elsewhere: Machines for units that can run in parallel; by default this one.

    Returns:
        Studies that failed, with reasons; they are tried again at the next run.

    Raises:
        InputError: Settings or cohort cannot be used, or an earlier stage has not been run.
        LockedError: Another run is at work that these stages need.
        LessgadError: A process that trains with this one has ended before its time.
        KeyboardInterrupt: The user pressed Ctrl-C; what was done is kept.
    """
    selection.check(stages)
    elsewhere.check()
    with joined_processes(stages) as processes:
        if processes.leads:
            return _opened(root, stages, progress, model_doses, selection, processes, elsewhere)
        follow(processes)
        return []


def _opened(
    root: Path,
    stages: Sequence[Stage],
    progress: Progress,
    model_doses: Sequence[float],
    selection: Selection,
    processes: Processes,
    elsewhere: Elsewhere,
) -> list[Failure]:
    """Open the experiment and its log, and run the stages."""
    with saying_why(root):
        experiment = open_experiment(root)
        with scrubbed_log(experiment.folder) as scrubber:
            scrubber.numbers |= {study.name: n for n, study in enumerate(experiment.cohort.studies, start=1)}
            scrubber.folders += [experiment.cohort.root, experiment.cohort.root.resolve()]
            models = models_named(experiment.settings, model_doses)
            return _logged(experiment, stages, progress, models, selection, processes, elsewhere)


def _logged(
    experiment: Experiment,
    stages: Sequence[Stage],
    progress: Progress,
    models: frozenset[str],
    selection: Selection,
    processes: Processes,
    elsewhere: Elsewhere,
) -> list[Failure]:
    """Run the stages, and write to the log how that ended."""
    settings = experiment.settings.model_dump(mode="json", exclude=OF_NO_RESULT)
    try:
        with (
            saying_why(experiment.folder.root),
            one_of_the_runs(experiment.folder.state, fingerprint(0, settings=settings)),
        ):
            return _run_stages(experiment, stages, progress, models, selection, processes, elsewhere)
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


def _run_stages(
    experiment: Experiment,
    stages: Sequence[Stage],
    progress: Progress,
    models: frozenset[str],
    selection: Selection,
    processes: Processes,
    elsewhere: Elsewhere,
) -> list[Failure]:
    if list(stages) == ["segment"] and experiment.settings.segmentation is None:
        progress.say("segment: experiment.yaml asks for none (segmentation: null)")
    stages = [stage for stage in stages if stage in stages_of(experiment)]
    check_ahead(experiment, stages, progress)
    subjects = selection.subjects(experiment)
    LOGGER.info("run of %s: %d studies", ", ".join(stages), len(experiment.cohort.studies))
    if processes.n > 1:
        LOGGER.info("%d processes", processes.n)
    for study in experiment.cohort.unusable:
        LOGGER.warning("%s skipped: %s", study.name, study.reason)
        progress.say(f"{study.name} skipped: {study.reason}")
    standing = standing_of(experiment, processes)
    jobs = experiment.folder.state.root / JOBS
    with OpenedWhenNeeded(elsewhere, experiment.settings.cluster, jobs, progress) as workers:
        for stage in stages:
            _run_stage(
                experiment, standing, stage, selection.of_stage(standing, stage, subjects, models), progress, workers
            )
    return known_failures(experiment, standing, None if subjects is None else stages, subjects)


def _run_stage(
    experiment: Experiment,
    standing: Standing,
    stage: Stage,
    units: Sequence[Unit],
    progress: Progress,
    workers: OpenedWhenNeeded,
) -> None:
    _check_earlier(experiment, standing, stage, units)
    begin_stage(experiment, standing, stage, progress)
    to_do = standing.to_do(units)
    LOGGER.info("%s: %d of %d to do", stage, len(to_do), len(units))
    if not to_do:
        progress.say(f"{stage}: nothing to do")
        return
    describe_derivative(experiment, stage)
    run_stage(experiment, standing, stage, to_do, progress, workers.of_stage(stage))
    standing.look_again()
    if stage == "prepare":
        tell_cautions(experiment, standing, progress)


def _check_earlier(experiment: Experiment, standing: Standing, stage: Stage, units: Sequence[Unit]) -> None:
    """Raise SettingsError where a stage would have nothing to stand on, LockedError where another run is at that."""
    missing = standing.before(units)
    for earlier in stages_of(experiment)[: stages_of(experiment).index(stage)]:
        of_it = [unit for unit in standing.plan.of_stage(earlier) if not standing.left_out(unit.key)]
        wanting = [unit for unit in of_it if unit.key in missing]
        for unit in wanting:
            if (holder := standing.running(unit.key)) is not None:
                raise LockedError(
                    f"Stage {stage} needs the {unit.what}, and another run works on it ({holder.words})",
                    remedy="Wait until it has ended",
                )
        if wanting or not of_it:
            first = wanting[0].name if wanting else ""
            came = (
                f"{len(wanting)} of {len(of_it)} units are not done (the first is {first})"
                if wanting
                else "no study is usable"
            )
            raise SettingsError(
                f"Stage {stage} needs stage {earlier}: {came}",
                remedy=f"Run what is missing: lessgad run {experiment.folder.root} --until {stage}",
            )
