# SPDX-License-Identifier: Apache-2.0
"""An experiment: its settings, where its files lie, what its units are called."""
