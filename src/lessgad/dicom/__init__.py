# SPDX-License-Identifier: Apache-2.0
"""DICOM in and out: import an export of the PACS as a cohort, write restored images as derived series, serve a node."""
