# SPDX-License-Identifier: Apache-2.0
"""The stages of an experiment: each declares its units; none knows how another plans."""
