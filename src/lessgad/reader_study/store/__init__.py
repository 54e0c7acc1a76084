# SPDX-License-Identifier: Apache-2.0
"""What a reader study remembers: SQLite in EXPERIMENT/reader, answers and the audit log append-only."""
