# SPDX-License-Identifier: Apache-2.0
"""The experiment folder: where things lie, whether they are stale, who works on them."""
