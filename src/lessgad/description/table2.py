# SPDX-License-Identifier: Apache-2.0
"""Table 2 of the paper: scan parameters by modality, sequence and field strength."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from lessgad.description.scan_parameters import Modality, ScanParameters
from lessgad.description.spread import median_and_range, one_decimal, two_digits
from lessgad.description.table import PrintedTable

COLUMNS = ("image", "sequence", "field, T", "TE, ms", "TR, ms", "in-plane, mm", "slice, mm", "scans")
NOTE = (
    "Median (range). SE: spin echo; GR: gradient echo; both with or without inversion. "
    "Slice: distance between slices. n/a: not stated in any sidecar."
)
_MODALITIES: tuple[Modality, ...] = ("T1", "T1ce")
_SEQUENCES = ("SE", "GR", None)


def table2(scans: Iterable[ScanParameters]) -> PrintedTable:
    """Make Table 2, with one row for each modality, sequence and field strength in the cohort.

    Scans whose sidecar does not state sequence or field strength have rows of their own.

    Args:
        scans: Parameters of all scans.

    Returns:
        The table.
    """
    groups: dict[tuple[Modality, str | None, float | None], list[ScanParameters]] = {}
    for scan in scans:
        groups.setdefault((scan.modality, scan.sequence, scan.field_strength_t), []).append(scan)
    ordered = sorted(
        groups,
        key=lambda key: (_MODALITIES.index(key[0]), _SEQUENCES.index(key[1]), key[2] is None, key[2] or 0.0),
    )
    return PrintedTable(
        "Table 2",
        "Scan parameters",
        COLUMNS,
        tuple(_row(*key, groups[key]) for key in ordered),
        (NOTE, *_missing(groups.values())),
        n_row_headings=3,
    )


def _row(
    modality: Modality, sequence: str | None, field: float | None, scans: Sequence[ScanParameters]
) -> tuple[str, ...]:
    def spread(value: Callable[[ScanParameters], float | None], spell: Callable[[float], str]) -> str:
        return median_and_range([v for scan in scans if (v := value(scan)) is not None], spell)

    return (
        modality,
        sequence or "not stated",
        "not stated" if field is None else f"{field:.1f}" if round(field, 1) == field else f"{field:.2f}",
        spread(lambda scan: scan.echo_time_ms, one_decimal),
        spread(lambda scan: scan.repetition_time_ms, one_decimal),
        spread(lambda scan: scan.in_plane_mm, two_digits),
        spread(lambda scan: scan.slice_mm, one_decimal),
        str(len(scans)),
    )


def _missing(groups: Iterable[Sequence[ScanParameters]]) -> list[str]:
    """Count the scans that lack each parameter."""
    scans = [scan for group in groups for scan in group]
    lacks = {
        "sequence": sum(scan.sequence is None for scan in scans),
        "field strength": sum(scan.field_strength_t is None for scan in scans),
        "TE": sum(scan.echo_time_ms is None for scan in scans),
        "TR": sum(scan.repetition_time_ms is None for scan in scans),
    }
    counted = [f"{name} in {n}" for name, n in lacks.items() if n]
    return [f"Not stated, of {len(scans)} scans: {', '.join(counted)}."] if counted else []
