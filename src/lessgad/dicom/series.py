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
        sop_instance_uid: SOPInstanceUID of the file.
        number: Number from 1 in a file with several frames; None in a classic image.
        shape: Rows and columns.
        position_mm: Center of the first pixel, LPS+ (ImagePositionPatient); None where the header does not say.
        orientation: Direction of a row and of a column, LPS+ (ImageOrientationPatient); None if missing.
        pixel_spacing_mm: Spacing between rows, then between columns; None if missing.
        spacing_mm: Spacing between slices, or the thickness of a single slice.
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
        age_years: Age in years at the study, from PatientAge or the birth date.
        weight_kg: PatientWeight.
    """

    identity: str
    sex: str
    age_years: float | None
    weight_kg: float | None


@dataclass(frozen=True)
class Contrast:
    """Facts of the contrast agent in the header. An absent tag never means "before contrast".

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
    """Attributes that all images of a series share. Only the rules read the free text; it is never written.

    Attributes:
        patient: The patient.
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
        header: Header values that the series shares.
        frames: Images of the instance.
        started: Acquisition time, ``YYYYMMDDHHMMSS.ffffff``; empty if missing.
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
        header: Header of the first file.
        frames: Frames of all files, unordered.
        started: Acquisition time of its first image, ``YYYYMMDDHHMMSS.ffffff``; empty if missing.
        damage: Why it cannot be used, found while reading; empty where it can.
        folder: Folder of its files, for display.
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
