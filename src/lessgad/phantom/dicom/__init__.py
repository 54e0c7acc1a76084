# SPDX-License-Identifier: Apache-2.0
"""The phantom's scans as DICOM, as three vendors would write them."""
