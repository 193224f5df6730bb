"""Credentials of the payment provider. Mode 000 until the deployment needs them."""

import os

PROVIDER = "https://payments.example"
KEY_ID = os.environ.get("PAYMENT_KEY_ID", "")


def headers(secret):
    return {"Authorization": f"Bearer {KEY_ID}:{secret}"}
