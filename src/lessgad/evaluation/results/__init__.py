# SPDX-License-Identifier: Apache-2.0
"""The tables in results/: the columns of each, and how it is written and read."""
