# SPDX-License-Identifier: Apache-2.0
"""The images of a study compared with its standard dose."""
