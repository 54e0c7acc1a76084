# SPDX-License-Identifier: Apache-2.0
"""The images of a study held against its standard dose."""
