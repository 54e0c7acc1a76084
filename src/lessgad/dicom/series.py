# SPDX-License-Identifier: Apache-2.0
"""A series as its headers describe it: who, when, how it was acquired, and where its frames lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class DicomFrame:
    """One image of a series.

    Attributes:
        path: The file.
        sop_class_uid: Kind of the file.
        sop_instance_uid: Of the file.
        number: From 1 in a file with several frames; None in a classic image.
        shape: Rows and columns.
        position_mm: Center of the first pixel, LPS+ (ImagePositionPatient); None where the header does not say.
        orientation: Direction of a row and of a column, LPS+ (ImageOrientationPatient); None likewise.
        pixel_spacing_mm: Between rows, then between columns; None likewise.
        spacing_mm: Between slices, or their thickness; what a single slice is thick.
    """

    path: Path
    sop_class_uid: str
    sop_instance_uid: str
    number: int | None
    shape: tuple[int, int]
    position_mm: tuple[float, float, float] | None
    orientation: tuple[float, ...] | None
    pixel_spacing_mm: tuple[float, float] | None
    spacing_mm: float | None


@dataclass(frozen=True)
class PatientHeader:
    """Who was scanned. Identifying: for the key file alone.

    Attributes:
        identity: Issuer and PatientID, or, without them, name and birth date; empty where the header has neither.
        sex: M, F or O; empty where not said.
        age_years: At the study, from PatientAge or the birth date.
        weight_kg: PatientWeight.
    """

    identity: str
    sex: str
    age_years: float | None
    weight_kg: float | None


@dataclass(frozen=True)
class Contrast:
    """What the header says of the contrast agent. An absent tag never means "before contrast".

    Attributes:
        named: An agent is named, or a bolus described.
        denied: The header says that there was none ("NONE", "no contrast").
        words: Free text, for finding the agent; never written.
        volume_ml: Injected volume.
    """

    named: bool = False
    denied: bool = False
    words: str = ""
    volume_ml: float | None = None


@dataclass(frozen=True)
class SeriesHeader:
    """What all images of a series share. The free text is for the rules alone and is never written.

    Attributes:
        patient: Who.
        study_uid: StudyInstanceUID.
        series_uid: SeriesInstanceUID.
        number: SeriesNumber.
        description: SeriesDescription.
        protocol: ProtocolName.
        modality: MR, CT, ….
        sop_class_uid: Kind of its files.
        transfer_syntax_uid: How its pixels are stored.
        image_type: ImageType.
        manufacturer: Siemens, GE, Philips or another's own spelling.
        scanning_sequence: DICOM codes, e.g. ``("GR", "IR")``; of an enhanced image derived from EchoPulseSequence.
        sequence_variant: DICOM codes.
        scan_options: DICOM codes; of an enhanced image FS, WE and MT derived from its own attributes.
        is_3d: MRAcquisitionType; None where not said.
        field_strength_t: MagneticFieldStrength.
        echo_train_length: EchoTrainLength.
        repetition_time_ms: TR.
        echo_time_ms: TE.
        inversion_time_ms: TI.
        flip_angle_deg: Flip angle.
        contrast: The agent.
        frame_of_reference_uid: FrameOfReferenceUID; scans that share it share the scanner's coordinates. Empty where
            not said.
    """

    patient: PatientHeader
    study_uid: str
    series_uid: str
    number: int | None
    description: str
    protocol: str
    modality: str
    sop_class_uid: str
    transfer_syntax_uid: str
    image_type: tuple[str, ...]
    manufacturer: str
    scanning_sequence: tuple[str, ...]
    sequence_variant: tuple[str, ...]
    scan_options: tuple[str, ...]
    is_3d: bool | None
    field_strength_t: float | None
    echo_train_length: int | None
    repetition_time_ms: float | None
    echo_time_ms: float | None
    inversion_time_ms: float | None
    flip_angle_deg: float | None
    contrast: Contrast
    frame_of_reference_uid: str = ""


@dataclass(frozen=True, eq=False)
class Instance:
    """One readable file.

    Attributes:
        header: What its series shares.
        frames: Its images.
        started: When it was acquired, ``YYYYMMDDHHMMSS.ffffff``; empty where not said.
        damage: Why its pixels cannot be used; empty where they can.
    """

    header: SeriesHeader
    frames: tuple[DicomFrame, ...]
    started: str
    damage: str = ""


@dataclass(frozen=True, eq=False)
class Series:
    """All files of one series.

    Attributes:
        header: That of its first file.
        frames: Of all files, in no order.
        started: When its first image was acquired, ``YYYYMMDDHHMMSS.ffffff``; empty where not said.
        damage: Why it cannot be used, found while reading; empty where it can.
        folder: Of its files, for people.
    """

    header: SeriesHeader
    frames: tuple[DicomFrame, ...]
    started: str
    damage: str
    folder: Path

    @property
    def files(self) -> tuple[Path, ...]:
        """Its files, each once."""
        return tuple(sorted({frame.path for frame in self.frames}))

    @property
    def order(self) -> tuple[str, int]:
        """A key that sorts the series of a study by time, then by number."""
        return self.started, self.header.number or 0
