# SPDX-License-Identifier: Apache-2.0
"""What a node accepts and refuses, and what it answers; plain and with certificates."""

import errno
import json
import os
import subprocess
import time

import pydicom
import pytest
from debian_programs import program
from head_study import KINDS, write_study
from node_processes import free_port
from pynetdicom import AE

from lessgad.dicom.node_log import NodeLog
from lessgad.dicom.node_queue import NodeQueue
from lessgad.dicom.node_receiver import start_receiver
from lessgad.dicom.node_sender import send
from lessgad.dicom.node_settings import NodeSettings, read_node_settings
from lessgad.dicom.node_status_page import status_page
from lessgad.errors import DicomError, InputError, SettingsError

MR = "1.2.840.10008.5.1.4.1.1.4"


def node(tmp_path, port=None, **changes):
    """Settings of a node that sends to itself."""
    port = port or free_port()
    usual = {
        "model": tmp_path / "model",
        "queue": tmp_path / "queue",
        "allowed": ["LESSGAD"],
        "send_to": {"ae_title": "LESSGAD", "host": "localhost", "port": port},
        "port": port,
        "idle_s": 3.0,
        "least_free_mb": 0.0,
    }
    return NodeSettings.model_validate({**usual, **changes})


@pytest.fixture
def receive(tmp_path):
    servers = []

    def start(settings):
        queue = NodeQueue(settings.queue)
        servers.append(start_receiver(settings, queue, NodeLog(tmp_path / "node.jsonl")))
        return queue

    yield start
    for server in servers:
        server.shutdown()


@pytest.fixture(scope="module")
def images(tmp_path_factory, tiny):
    folder = write_study(tmp_path_factory.mktemp("study"), tiny, kinds={2: KINDS[2]})
    return sorted(path for path in folder.rglob("*") if path.is_file())


def events(tmp_path):
    return [json.loads(line)["event"] for line in (tmp_path / "node.jsonl").read_text().splitlines()]


def statuses(settings, datasets):
    entity = AE("LESSGAD")
    entity.add_requested_context(MR, "1.2.840.10008.1.2.1")
    association = entity.associate("127.0.0.1", settings.port, ae_title=settings.ae_title)
    assert association.is_established
    found = [association.send_c_store(dataset).Status for dataset in datasets]
    association.release()
    return found


def test_images_are_on_disk_as_they_were_sent(tmp_path, receive, images):
    settings = node(tmp_path)
    queue = receive(settings)
    send(images, settings)
    (study,) = queue.take_complete(0.0)
    kept = sorted(queue.images(study).glob("*.dcm"), key=lambda path: pydicom.dcmread(path).InstanceNumber)
    for path, source in zip(kept, images, strict=True):
        assert pydicom.dcmread(path) == pydicom.dcmread(source)


def test_any_order_several_associations_and_repeats_make_one_study(tmp_path, receive, images):
    settings = node(tmp_path)
    queue = receive(settings)
    for part in (images[::-2], images[:3], images[::2]):
        send(part, settings)
    (study,) = queue.take_complete(0.0)
    assert len(list(queue.images(study).glob("*.dcm"))) == len(images)


def test_a_silent_association_is_closed_and_their_number_is_limited(tmp_path, receive):
    settings = node(tmp_path, idle_s=4.0, most_associations=1)
    receive(settings)
    entity = AE("LESSGAD")
    entity.add_requested_context("1.2.840.10008.1.1")
    first = entity.associate("127.0.0.1", settings.port, ae_title=settings.ae_title)
    assert first.is_established
    second = entity.associate("127.0.0.1", settings.port, ae_title=settings.ae_title)
    assert second.is_rejected
    end = time.monotonic() + 30
    while first.is_established and time.monotonic() < end:  # it says nothing more
        time.sleep(0.1)
    assert not first.is_established
    while time.monotonic() < end:  # the peer sees the end before the node has freed its place
        third = entity.associate("127.0.0.1", settings.port, ae_title=settings.ae_title)
        if third.is_established:
            break
        time.sleep(0.1)
    assert third.is_established
    third.release()


@pytest.mark.parametrize(
    ("changes", "event"),
    [({"largest_image_mb": 0.001}, "image refused: too large"), ({"least_free_mb": 1e12}, "image refused: disk full")],
)
def test_limits_are_answered_as_out_of_resources(tmp_path, receive, images, changes, event):
    settings = node(tmp_path, **changes)
    queue = receive(settings)
    assert statuses(settings, [pydicom.dcmread(images[0])]) == [0xA700]
    assert queue.counts()["incoming"] == 0
    assert event in events(tmp_path)


def test_a_disk_that_fills_up_while_receiving(tmp_path, receive, images, monkeypatch):
    settings = node(tmp_path)
    queue = receive(settings)
    with monkeypatch.context() as patch:

        def full(_):
            raise OSError(errno.ENOSPC, "No space left on device")

        patch.setattr(os, "fsync", full)
        assert statuses(settings, [pydicom.dcmread(images[0])]) == [0xA700]
    assert statuses(settings, [pydicom.dcmread(images[0])]) == [0]
    (study,) = queue.take_complete(0.0)
    assert len(list(queue.images(study).iterdir())) == 1


def test_an_image_without_a_study_is_not_understood(tmp_path, receive, images):
    settings = node(tmp_path)
    receive(settings)
    nameless, good = pydicom.dcmread(images[0]), pydicom.dcmread(images[1])
    del nameless.StudyInstanceUID
    assert statuses(settings, [nameless, good]) == [0xC000, 0]


def test_strangers_and_wrong_names_are_refused(tmp_path, receive, images):
    settings = node(tmp_path, allowed=["SCANNER"])
    queue = receive(settings)
    with pytest.raises(DicomError, match="refused the association"):
        send(images, settings)
    assert queue.counts()["incoming"] == 0
    assert events(tmp_path) == ["association refused"]


def test_a_port_that_is_taken(tmp_path, receive):
    settings = node(tmp_path)
    receive(settings)
    with pytest.raises(InputError, match="cannot listen"):
        start_receiver(settings, NodeQueue(settings.queue), NodeLog(tmp_path / "node.jsonl"))


def test_nobody_at_the_other_end(tmp_path, images):
    with pytest.raises(DicomError, match="cannot be reached"):
        send(images, node(tmp_path))


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """An authority, and a certificate of it for localhost."""
    folder = tmp_path_factory.mktemp("certificates")
    openssl = program("openssl")

    def call(*arguments):
        subprocess.run([openssl, *arguments], cwd=folder, check=True, capture_output=True)

    new = ("req", "-newkey", "rsa:2048", "-nodes")
    call(*new, "-x509", "-days", "2", "-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.pem")
    call(*new, "-subj", "/CN=localhost", "-keyout", "node.key", "-out", "node.csr")
    (folder / "names").write_text("subjectAltName=DNS:localhost")
    signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names")
    call("x509", "-req", "-in", "node.csr", *signed, "-out", "node.pem")
    return {"certificate": folder / "node.pem", "key": folder / "node.key", "authority": folder / "ca.pem"}


def test_with_certificates_and_with_them_alone(tmp_path, receive, images, certificates):
    settings = node(tmp_path, tls=certificates)
    queue = receive(settings)
    with pytest.raises(DicomError, match=r"cannot be reached|refused the association"):
        send(images[:1], settings.model_copy(update={"tls": None}))
    assert queue.counts()["incoming"] == 0
    send(images[:1], settings)
    assert queue.counts()["incoming"] == 1


def test_certificates_that_are_not_there(tmp_path, receive, certificates):
    with pytest.raises(SettingsError, match="certificates for TLS"):
        receive(node(tmp_path, tls={**certificates, "key": tmp_path / "none"}))


def test_the_status_page_escapes_and_counts(tmp_path):
    queue = NodeQueue(tmp_path / "queue")
    study = queue.add("1", "a", b"x")
    queue.take_complete(0.0)
    queue.fail(study, "secret reason")
    page = status_page(queue)
    assert "<td>failed</td><td>1</td>" in page
    assert study in page
    assert "secret" not in page


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("allowed: []", "model: Field required"),
        ("[", "not valid YAML"),
        ("model: m\nqueue: q\nallowed: []\nsend_to: {ae_title: A, host: h, port: 1}", "allowed"),
        ("model: m\nqueue: q\nallowed: [A]\nsend_to: {ae_title: A, host: h, port: 0}", "send_to.port"),
        ("model: m\nqueue: q\nallowed: [WAY_TOO_LONG_A_TITLE]\nsend_to: {ae_title: A, host: h, port: 1}", "allowed.0"),
        ("model: m\nqueue: q\nallowed: [A]\nsend_to: {ae_title: A, host: h, port: 1}\nno_such: 1", "no_such"),
    ],
)
def test_a_wrong_configuration_is_one_line(tmp_path, text, words):
    (tmp_path / "node.yaml").write_text(text)
    with pytest.raises(SettingsError, match=r"node\.yaml") as caught:
        read_node_settings(tmp_path / "node.yaml")
    assert words in str(caught.value)


def test_paths_of_a_configuration_count_from_its_folder(tmp_path):
    (tmp_path / "node.yaml").write_text("model: m\nqueue: q\nallowed: [A]\nsend_to: {ae_title: A, host: h, port: 1}")
    found = read_node_settings(tmp_path / "node.yaml")
    assert (found.model, found.queue) == (tmp_path / "m", tmp_path / "q")
