# SPDX-License-Identifier: Apache-2.0
"""The server of a reader study: FastAPI, plain forms, nothing from elsewhere."""
