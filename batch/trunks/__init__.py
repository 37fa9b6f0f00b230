"""The telephony, pure: values in, values out."""
