# SPDX-License-Identifier: Apache-2.0
"""Do the units of one stage: here, or in workers."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from lessgad.engine.bundles import Workers, do_bundles
from lessgad.engine.do_unit import Done, Job, do_job
from lessgad.engine.log import LOGGER
from lessgad.engine.processes import LocalProcesses
from lessgad.engine.progress import Progress
from lessgad.engine.standing import Standing
from lessgad.engine.unit import Advance, Unit
from lessgad.experiment.opened import Experiment
from lessgad.experiment.stage_names import Stage
from lessgad.pipeline.plan import n_workers, threads_of_each

#: Stages whose units use a GPU where there is one; that serves one process at a time best.
ON_GPU: tuple[Stage, ...] = ("restore", "segment")
SECONDS_BETWEEN_LOOKS = 5.0


def run_stage(
    experiment: Experiment,
    standing: Standing,
    stage: Stage,
    units: Sequence[Unit],
    progress: Progress,
    elsewhere: Workers | None = None,
) -> None:
    """Do units of a stage, those that others of the stage need first.

    Args:
        experiment: The opened experiment.
        standing: State of all units; it is not updated.
        stage: The stage.
        units: Units to do.
        progress: Receives the progress.
        elsewhere: Workers on other machines, for units that can run in parallel; None: processes of this machine.
    """
    progress.begin(stage, sum(unit.size for unit in units))
    finished = 0.0

    def advance(part: float, note: str) -> None:
        progress.advance(finished + part, note)

    by_key = {unit.key: unit for unit in units}
    try:
        for done in _done(experiment, standing, units, stage, advance, elsewhere):
            unit = by_key[done.key]
            finished += unit.size
            advance(0.0, unit.name)
            _tell(unit, done, progress)
    finally:
        progress.end()


def _tell(unit: Unit, done: Done, progress: Progress) -> None:
    if done.record is None:
        who = "it does not say which" if done.held_by is None else done.held_by.words
        LOGGER.info("%s: another run is at it", unit.what)
        progress.say(f"{unit.what} skipped: another run at it ({who})")
        return
    LOGGER.info("%s: %s %s", unit.what, done.record.outcome, done.record.reason)
    if done.traceback:
        LOGGER.error("%s: internal error\n%s", unit.what, done.traceback)
    if done.record.outcome == "failed":
        LOGGER.warning("%s skipped: %s", unit.name, done.record.reason)
        progress.say(f"{unit.name} skipped: {done.record.reason}")


def _done(
    experiment: Experiment,
    standing: Standing,
    units: Sequence[Unit],
    stage: Stage,
    advance: Advance,
    elsewhere: Workers | None,
) -> Iterator[Done]:
    """Run the units that need this process one by one, then the others in rounds of units that are ready."""
    folder = experiment.folder.state
    for unit in (unit for unit in units if unit.here):
        if not any(standing.waits_for(unit.key)):
            yield do_job(folder, Job.of(standing, unit), advance)
            standing.look_again()
    _wait_for_others(standing, [unit for unit in units if not unit.here], stage, advance)
    rest = [unit for unit in units if not unit.here]
    while rest:
        ready = [unit for unit in rest if not standing.left_out(unit.key) and not any(standing.waits_for(unit.key))]
        if not ready:
            return
        yield from _side_by_side(experiment, stage, [Job.of(standing, unit) for unit in ready], advance, elsewhere)
        standing.look_again()
        begun = {unit.key for unit in ready}
        rest = [unit for unit in rest if unit.key not in begun]


def _wait_for_others(standing: Standing, units: Sequence[Unit], stage: Stage, advance: Advance) -> None:
    """Wait while another run is at something of this stage that these units need, such as the network that segments."""
    while True:
        needed = {key for unit in units for key in standing.waits_for(unit.key) if standing.plan[key].stage == stage}
        held = [key for key in needed - {unit.key for unit in units} if standing.running(key) is not None]
        if not held:
            return
        advance(0.0, f"waits for another run: {standing.plan[held[0]].what}")
        time.sleep(SECONDS_BETWEEN_LOOKS)
        standing.look_again()


def _side_by_side(
    experiment: Experiment, stage: Stage, jobs: Sequence[Job], advance: Advance, elsewhere: Workers | None
) -> Iterator[Done]:
    folder = experiment.folder.state
    bundles = _bundles(jobs)
    workers = elsewhere or _workers(experiment, stage, len(bundles))
    if workers is None:
        for job in jobs:
            yield do_job(folder, job, advance)
    else:
        yield from do_bundles(folder, bundles, workers)


def _bundles(jobs: Sequence[Job]) -> list[list[Job]]:
    """Put the jobs of one study together: what one of them reads or loads serves the next."""
    by_subject: dict[str, list[Job]] = {}
    for job in jobs:
        by_subject.setdefault(job.unit.subject or job.unit.key, []).append(job)
    return list(by_subject.values())


def _workers(experiment: Experiment, stage: Stage, n_bundles: int) -> Workers | None:
    """Give the workers for a stage; None where this process does it."""
    at_once = min(n_workers(experiment), n_bundles)
    if at_once == 1 or (stage in ON_GPU and has_gpu()):
        return None
    return LocalProcesses(at_once, threads_of_each(experiment))


def has_gpu() -> bool:
    """Say whether networks compute on a GPU here."""
    from lessgad.field.device import compute_device

    return compute_device().type == "cuda"
