# SPDX-License-Identifier: Apache-2.0
"""The report of an experiment, from what its stages left on disk."""
