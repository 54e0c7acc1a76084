# SPDX-License-Identifier: Apache-2.0
"""A synthetic vestibular schwannoma cohort."""
