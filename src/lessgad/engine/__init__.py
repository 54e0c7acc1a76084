# SPDX-License-Identifier: Apache-2.0
"""Units of work: planned once, done once, in any order that their inputs allow, on one machine or many.

Nothing here knows what a unit computes.
"""
