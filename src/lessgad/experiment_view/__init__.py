# SPDX-License-Identifier: Apache-2.0
"""An experiment as `lessgad view` shows it."""
