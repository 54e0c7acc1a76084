# SPDX-License-Identifier: Apache-2.0
"""Generated patients: heads with lesions of every kind, scanned with protocols of every kind, without end."""
