# SPDX-License-Identifier: Apache-2.0
"""The queue of a node: each study worked on once, whatever the order, the repetition, and the moment of a kill."""

import errno
import os
import stat
import tempfile
import threading
import time
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from lessgad.dicom.node_queue import NodeQueue, digest
from lessgad.errors import StorageError


@pytest.fixture
def queue(tmp_path):
    return NodeQueue(tmp_path / "queue")


def test_it_is_for_its_owner_alone_and_names_nobody(queue):
    study = queue.add("1.2.3", "1.2.3.4", b"x")
    assert stat.S_IMODE(queue.root.stat().st_mode) == 0o700
    assert not [path for path in queue.root.rglob("*") if "1.2.3" in path.name]
    assert study == digest("1.2.3")


def test_a_study_is_taken_when_it_is_quiet_and_once(queue):
    study = queue.add("1", "a", b"x")
    assert queue.take_complete(60.0) == []
    assert queue.take_complete(0.0) == [study]
    assert queue.take_complete(0.0) == []
    assert queue.working() == [study]
    queue.finish(study)
    assert queue.counts() == {"incoming": 0, "working": 0, "failed": 0, "done": 1}


def test_the_same_study_again_is_dropped_and_a_new_image_is_not(queue):
    study = queue.add("1", "a", b"x")
    queue.take_complete(0.0)
    queue.finish(study)
    queue.add("1", "a", b"x")
    assert queue.take_complete(0.0) == []
    assert queue.counts()["incoming"] == 0
    queue.add("1", "b", b"y")
    assert queue.take_complete(0.0) == [study]


def test_images_that_come_while_it_is_worked_on_wait(queue):
    study = queue.add("1", "a", b"x")
    queue.take_complete(0.0)
    queue.add("1", "b", b"y")
    assert queue.take_complete(0.0) == []
    queue.finish(study)
    assert queue.take_complete(0.0) == [study]


def test_a_failed_study_keeps_its_images_and_is_joined_by_what_comes_later(queue):
    study = queue.add("1", "a", b"x")
    queue.take_complete(0.0)
    queue.fail(study, "no T1")
    assert queue.failed() == {study: "no T1"}
    queue.add("1", "b", b"y")
    assert queue.take_complete(0.0) == [study]
    assert {path.name for path in queue.images(study).glob("*.dcm")} == {f"{digest(one)}.dcm" for one in "ab"}
    assert queue.failed() == {}


@pytest.mark.parametrize("came_meanwhile", [False, True])
def test_retry(queue, came_meanwhile):
    study = queue.add("1", "a", b"x")
    queue.take_complete(0.0)
    queue.fail(study, "the archive was down")
    if came_meanwhile:
        queue.add("1", "b", b"y")
    queue.retry(study)
    assert queue.take_complete(0.0) == [study]
    assert len(list(queue.images(study).glob("*.dcm"))) == 1 + came_meanwhile


def test_a_full_disk_is_said_and_leaves_nothing(queue, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="no space left"):
        queue.add("1", "a", b"x")
    monkeypatch.undo()
    assert list((queue.root / "incoming" / digest("1")).iterdir()) == []


def test_what_a_killed_node_left_half_written_is_no_image(queue):
    study = queue.add("1", "a", b"x")
    half = queue.root / "incoming" / study / ".tmp-12-b.dcm"
    half.write_bytes(b"y")
    NodeQueue(queue.root).clean()
    assert not half.exists()
    queue.take_complete(0.0)
    assert len(list(queue.images(study).iterdir())) == 1


def test_a_node_that_died_after_its_work_deletes_and_does_not_work_again(queue, monkeypatch):
    study = queue.add("1", "a", b"x")
    queue.take_complete(0.0)
    monkeypatch.setattr(NodeQueue, "_delete", lambda *_: None)
    queue.finish(study)
    monkeypatch.undo()
    again = NodeQueue(queue.root)
    assert again.working() == [study]
    assert again.is_done(study)


class Killed(BaseException):
    pass


def test_a_node_that_died_before_it_deleted_a_result_deletes_it_and_never_sends_it_for_later_images(queue, monkeypatch):
    """It identifies a patient, and lacks the images that came later."""
    study = queue.add("1", "a", b"x")
    queue.take_complete(0.0)
    (queue.result(study) / "series").mkdir(parents=True)

    def kill(*_, **__):
        raise Killed

    monkeypatch.setattr("lessgad.dicom.node_queue.shutil.rmtree", kill)
    with pytest.raises(Killed):
        queue.finish(study)
    monkeypatch.undo()
    assert queue.result(study).exists()
    again = NodeQueue(queue.root)
    again.clean()
    again.add("1", "b", b"y")
    assert again.take_complete(0.0) == [study]
    assert list((queue.root / "results").iterdir()) == []


def test_a_node_that_died_while_it_sent_keeps_the_result_and_a_failed_study_has_none(queue):
    study = queue.add("1", "a", b"x")
    queue.take_complete(0.0)
    queue.result(study).mkdir()
    NodeQueue(queue.root).clean()
    assert queue.result(study).exists()
    queue.fail(study, "the archive was down")
    assert list((queue.root / "results").iterdir()) == []


def test_many_senders_at_once_lose_nothing(queue):
    def send(number):
        for image in range(10):
            queue.add(f"{number % 3}", f"{number}.{image}", b"x")

    threads = [threading.Thread(target=send, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    taken = []
    while any(thread.is_alive() for thread in threads):
        for study in queue.take_complete(0.0):
            taken += [path.name for path in queue.images(study).glob("*.dcm")]
            queue.finish(study)
    for thread in threads:
        thread.join()
    for study in queue.take_complete(0.0):
        taken += [path.name for path in queue.images(study).glob("*.dcm")]
        queue.finish(study)
    assert sorted(taken) == sorted(f"{digest(f'{number}.{image}')}.dcm" for number in range(6) for image in range(10))


class AnyOrder(RuleBasedStateMachine):
    """Whatever happens in whatever order, an image that was accepted is somewhere, or was worked on."""

    def __init__(self):
        super().__init__()

        self.folder = tempfile.TemporaryDirectory()
        self.queue = NodeQueue(Path(self.folder.name))
        self.accepted, self.worked = set(), set()

    def teardown(self):
        self.folder.cleanup()

    @rule(study=st.sampled_from("12"), image=st.sampled_from("abc"))
    def receive(self, study, image):
        self.queue.add(study, study + image, b"x")
        self.accepted.add((study, digest(study + image)))

    @rule()
    def take(self):
        self.queue.take_complete(0.0)

    @rule(how=st.sampled_from(["finish", "fail", "retry", "restart"]), study=st.sampled_from("12"))
    def move(self, how, study):
        name = digest(study)
        if how in ("finish", "fail") and name in self.queue.working():
            if how == "finish":
                seen = {(study, path.stem) for path in self.queue.images(name).glob("*.dcm")}
                self.worked |= seen
                self.queue.finish(name)
            else:
                self.queue.fail(name, "reason")
        elif how == "retry" and name in self.queue.failed():
            self.queue.retry(name)
        elif how == "restart":
            self.queue = NodeQueue(self.queue.root)
            self.queue.clean()

    @invariant()
    def nothing_is_lost(self):
        for study, image in self.accepted - self.worked:
            places = [
                self.queue.root / name / digest(study) / f"{image}.dcm" for name in ("incoming", "working", "failed")
            ]
            assert any(path.exists() for path in places)


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=30, stateful_step_count=20, deadline=None)


def test_the_quiet_period_counts_from_when_the_node_listens_again(queue):
    """A sender could not go on while the node was down; what it had sent until then is no whole study."""
    study = queue.add("1.2.3", "1.2.3.4", b"image")
    for path in (queue.root / "incoming" / study).iterdir():
        os.utime(path, (0, 0))
    queue.listening_since = time.time()
    assert queue.take_complete(60.0) == []
    queue.listening_since = time.time() - 61
    assert queue.take_complete(60.0) == [study]
