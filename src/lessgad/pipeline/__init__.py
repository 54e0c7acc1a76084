# SPDX-License-Identifier: Apache-2.0
"""The stages put together: the plan of an experiment, its run, its state."""
