# SPDX-License-Identifier: Apache-2.0
"""The cohort on disk: BIDS, scan parameters, who is in which subset."""
