# SPDX-License-Identifier: Apache-2.0
"""The configuration of a node: who may send, where results go, and what a node may use up."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints, ValidationError

from lessgad.errors import SettingsError
from lessgad.settings import Settings

PRETRAINED = "pretrained"
AeTitle = Annotated[str, StringConstraints(pattern=r"^[ -\[\]-~]{1,16}$", strip_whitespace=True, min_length=1)]
Port = Annotated[int, Field(ge=1, le=65535)]


class Peer(Settings):
    """Another DICOM node.

    Attributes:
        ae_title: AE title of the peer.
        host: Name or address.
        port: TCP port.
    """

    ae_title: AeTitle
    host: str
    port: Port


class Tls(Settings):
    """Certificates for receiving and sending; both sides must show one.

    Attributes:
        certificate: PEM file of this node.
        key: PEM file of its private key.
        authority: PEM file of the authority that peers' certificates come from.
    """

    certificate: Path
    key: Path
    authority: Path


class NodeSettings(Settings):
    """A node.

    Attributes:
        model: Model folder, or `pretrained` for the model that ships with lessgad.
        queue: Folder for studies under way; identifying, so for the node's user alone.
        allowed: AE titles that may send; nobody else may.
        send_to: The receiver of results.
        ae_title: AE title of this node.
        address: Address at which the node listens.
        port: Port at which the node listens.
        quiet_s: A study is complete after so many seconds without a new image.
        dose: Fraction of the standard dose; None takes what the header says.
        burn_in: Whether NOT FOR DIAGNOSIS is written into the pixels.
        largest_image_mb: Largest size of one DICOM file, in MB.
        least_free_mb: Free disk space below which nothing is accepted.
        most_associations: Largest number of associations at a time.
        idle_s: An association that is silent for so long is closed.
        longest_s: A restoration that takes longer is ended, and the study counts as failed.
        send_attempts: How often a result is sent before the study counts as failed.
        status_port: Port of the status page on localhost; None for no page.
        tls: Certificates; None for plain connections.
    """

    model: Path
    queue: Path
    allowed: tuple[AeTitle, ...] = Field(min_length=1)
    send_to: Peer
    ae_title: AeTitle = "LESSGAD"
    address: str = "127.0.0.1"
    port: Port = 11112
    quiet_s: float = Field(default=60.0, gt=0)
    dose: float | None = Field(default=None, gt=0, lt=1)
    burn_in: bool = True
    largest_image_mb: float = Field(default=512.0, gt=0)
    least_free_mb: float = Field(default=1024.0, ge=0)
    most_associations: int = Field(default=8, ge=1, le=100)
    idle_s: float = Field(default=30.0, gt=0)
    longest_s: float = Field(default=3600.0, gt=0)
    send_attempts: int = Field(default=3, ge=1)
    status_port: Port | None = None
    tls: Tls | None = None


def read_node_settings(path: Path) -> NodeSettings:
    """Read the YAML file of a node; relative paths in it start from its folder.

    Args:
        path: The file to read.

    Returns:
        The settings.

    Raises:
        SettingsError: It is missing, not YAML, or a setting is not valid.
    """
    import yaml

    try:
        stored = yaml.safe_load(path.read_text(encoding="utf-8"))
        settings = NodeSettings.model_validate(stored)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingsError(f"The settings of the node are not valid YAML ({error})", path=path) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"The settings of the node are not valid at {where}: {first['msg']}", path=path) from error
    folder = path.resolve().parent
    model = folder / settings.model
    if str(settings.model) == PRETRAINED and not model.exists():
        model = settings.model
    return settings.model_copy(update={"model": model, "queue": folder / settings.queue})
